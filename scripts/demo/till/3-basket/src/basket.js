import { percentOff } from './discount.js';

/** What a basket costs: the lines' prices times their quantities, less the voucher's percentage. */
export function total(lines, voucher) {
  const sum = lines.reduce((cents, { price, quantity }) => cents + price * quantity, 0);
  return voucher ? percentOff(sum, voucher.percent) : sum;
}
