/** The part of i18next that is used. */
export interface I18n {
  t(text: string, options: object): string;
}

/** Says a text of ours in the language of the user. */
export type Say = (text: string) => string;

/** Makes a Say of a client's i18n. */
export function sayWith(i18n: I18n): Say {
  return (text) => i18n.t(text, { ns: '@nocobase-roster/plugin-roster' });
}
