// What the forms use of the libraries that NocoBase's clients provide.

declare module 'antd' {
  import type { ComponentType } from 'react';
  export const Button: ComponentType<any>;
  export const Card: ComponentType<any>;
  export const Form: { Item: ComponentType<any> };
  export const Input: ComponentType<any> & { Password: ComponentType<any>; TextArea: ComponentType<any> };
  export const InputNumber: ComponentType<any>;
  export const Select: ComponentType<any>;
  export const Space: { Compact: ComponentType<any> };
  export const Switch: ComponentType<any>;
  export const Typography: { Paragraph: ComponentType<any>; Text: ComponentType<any> };
}

declare module '@formily/react' {
  import type { ComponentType } from 'react';
  export function observer<P>(component: ComponentType<P>): ComponentType<P>;
  export function useForm(): { values: { options?: any }; setValuesIn(path: string, value: unknown): void };
}

declare module '@nocobase/client' {
  /** A plugin of the first client. */
  export class Plugin {
    app: { i18n: import('../form/words').I18n };
    pm: { get(name: string): import('../form/types').Registry };
    load(): Promise<void>;
  }
}

declare module '@nocobase/client-v2' {
  /** A plugin of the second client. */
  export class Plugin {
    app: { i18n: import('../form/words').I18n; pm: { get(name: string): import('../form/types').Registry } };
    load(): Promise<void>;
  }
}
