export function tangle(rows: number[][]): number {
  let sum = 0;
  for (const row of rows) {
    for (const value of row) {
      if (value > 1) {
        if (value > 2 && value < 9) {
          if (value % 2) sum += value;
          else sum -= value;
        } else if (value > 20) sum += 1;
      }
    }
  }
  return sum;
}
