/** The part of a JSON Schema that a form is drawn from. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: (string | number)[];
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  writeOnly?: boolean;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

/** What an option is entered with. */
export type Kind = 'choice' | 'switch' | 'number' | 'secret' | 'text' | 'texts' | 'group' | 'pairs' | 'json';

/** Says what an option of that schema is entered with. */
export function kindOf(schema: Schema): Kind {
  if (schema.enum) return 'choice';
  switch (typeOf(schema)) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return schema.writeOnly ? 'secret' : 'text';
    case 'array':
      return typeOf(schema.items) === 'string' ? 'texts' : 'json';
    case 'object':
      if (schema.properties) return 'group';
      return typeOf(schema.additionalProperties as Schema) === 'string' ? 'pairs' : 'json';
  }
  return 'json';
}

/** The type of an option; what may be a number or a text is entered as a text. */
function typeOf({ type }: Schema = {}): string | undefined {
  return Array.isArray(type) ? type.find((one) => one === 'string') : type;
}

/** Gives an object with one member changed. What is not said is null, and an object of nothing else as well. */
export function changed(object: Record<string, any> | undefined, name: string, value: unknown): Record<string, any> | null {
  const now = { ...object, [name]: value ?? null };
  return Object.values(now).every((member) => member == null) ? null : now;
}
