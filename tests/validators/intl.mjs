// Prints dates and numbers as JavaScript's Intl writes them, which is ICU with its own copy of CLDR.
//
// Usage: node intl.mjs JSON, with the keys locales, dates (such as 2026-11-23) and numbers (as text)

const { locales, dates, numbers } = JSON.parse(process.argv[2]);

function described(tag) {
  const locale = new Intl.Locale(tag);
  const date = new Intl.DateTimeFormat(new Intl.Locale(tag, { calendar: 'gregory' }), {
    dateStyle: 'long',
    timeZone: 'UTC',
  });
  const number = new Intl.NumberFormat(tag, { maximumFractionDigits: 20 });
  return {
    // V8 writes a space where CLDR has a narrow no-break space, because web pages parse dates.
    dates: dates.map((text) => date.format(new Date(text))),
    numbers: numbers.map((text) => number.format(text)),
    script: locale.maximize().script,
    direction: locale.getTextInfo().direction,
  };
}

const entries = locales.map((tag) => [tag, described(tag)]);
console.log(
  JSON.stringify({ cldr: process.versions.cldr, locales: Object.fromEntries(entries) }),
);
