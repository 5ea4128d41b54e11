import { describe, expect, it } from 'vitest';
import { cloneAddress, idInAddress } from './clone-address.ts';

describe.each([
  ['http://127.0.0.1:8090', 'http://127.0.0.1:8090/clone-1'],
  ['https://clones.example/at/', 'https://clones.example/at/clone-1'],
  ['https://{id}.clones.example', 'https://clone-1.clones.example'],
  ['https://{id}.clones.example:8443/', 'https://clone-1.clones.example:8443'],
])('below %s', (clonesUrl, address) => {
  it('a clone has an address of its own, and its id is read from it', () => {
    expect(cloneAddress(clonesUrl, 'clone-1')).toBe(address);
    expect(idInAddress(clonesUrl, address)).toBe('clone-1');
  });

  it('other addresses name no clone', () => {
    for (const other of ['https://shop.example', 'https://clones.example', 'http://127.0.0.1:8090', ''])
      expect(idInAddress(clonesUrl, other)).toBeUndefined();
  });
});
