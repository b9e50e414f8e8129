import { percentOff, quantityPercent } from './discount.js';

/** What a basket costs: the lines' prices, less what their quantities and the voucher take off. */
export function total(lines, voucher) {
  const sum = lines.reduce((cents, line) => cents + priceOf(line), 0);
  return voucher ? percentOff(sum, voucher.percent) : sum;
}

function priceOf({ price, quantity }) {
  return percentOff(price * quantity, quantityPercent(quantity));
}
