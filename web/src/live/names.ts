/** The order of names on the wall: without case and accents, numbers by their value. */
export const compareNames = new Intl.Collator(undefined, { sensitivity: "base", numeric: true }).compare;
