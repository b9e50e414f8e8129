/** The price after `percent` off; half a cent goes to the customer. */
export function percentOff(cents, percent) {
  return cents - Math.round((cents * percent) / 100);
}
