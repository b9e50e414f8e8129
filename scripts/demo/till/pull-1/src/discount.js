/** The price after `percent` off; half a cent goes to the customer. */
export function percentOff(cents, percent) {
  return Math.round((cents * (100 - percent)) / 100);
}

/** What buying many takes off the price, in percent. */
export function quantityPercent(quantity) {
  if (quantity >= 50) return 10;
  if (quantity >= 10) return 5;
  return 0;
}
