export const ask = (): Promise<Response> => fetch('http://127.0.0.1/');
