import { Button, Card, Form, Input, InputNumber, Select, Space, Switch, Typography } from 'antd';
import React from 'react';
import { Json } from './json';
import { Pairs } from './pairs';
import { changed, kindOf, type Schema } from './schema';
import type { Say } from './words';

/** What stands for a secret that is set. */
const mask = '******';

/** What every input has: null is nothing. */
export interface InputProps {
  schema: Schema;
  say: Say;
  required?: boolean;
  value?: any;
  onChange?: (value: any) => void;
}

/** The options of a source, as the schema of its type says. Those that it does not know stay as they are. */
export function Options({ schema, say, value, onChange }: InputProps) {
  const members = Object.entries(schema.properties ?? {});
  if (members.length === 0) return <Typography.Text type="secondary">{say('This source has no options')}</Typography.Text>;
  return (
    <>
      {members.map(([name, member]) => (
        <Option
          key={name}
          name={name}
          required={schema.required?.includes(name)}
          schema={member}
          say={say}
          value={value?.[name]}
          onChange={(v: any) => onChange?.(changed(value, name, v) ?? {})}
        />
      ))}
    </>
  );
}

/** One option, or a group of them, with its title and help. */
function Option({ name, ...input }: InputProps & { name: string }) {
  const { title = name, description = '' } = input.schema;
  const help = description && input.say(description);
  if (kindOf(input.schema) === 'group') {
    return (
      <Card title={input.say(title)} size="small" style={{ marginBottom: 16 }}>
        {help && <Typography.Paragraph type="secondary">{help}</Typography.Paragraph>}
        <Group {...input} />
      </Card>
    );
  }
  return (
    <Form.Item label={input.say(title)} extra={help} required={input.required} labelCol={{ span: 24 }} wrapperCol={{ span: 24 }}>
      {React.createElement(inputOf(input.schema), input)}
    </Form.Item>
  );
}

/** A group in which nothing is said is not there; a secret that was removed says nothing. */
function Group({ onChange, ...input }: InputProps) {
  const emptied = (value: Record<string, any>) => Object.values(value).every((member) => member == null || member === '');
  return <Options {...input} onChange={(value) => onChange?.(emptied(value) ? null : value)} />;
}

function inputOf(schema: Schema): React.ComponentType<InputProps> {
  switch (kindOf(schema)) {
    case 'choice':
      return Choice;
    case 'switch':
      return Toggle;
    case 'number':
      return Numeral;
    case 'secret':
      return Secret;
    case 'text':
      return Text;
    case 'texts':
      return Texts;
    case 'pairs':
      return Pairs;
    default:
      return Json;
  }
}

function Text({ schema, value, onChange }: InputProps) {
  return <Input value={value ?? ''} placeholder={placeholder(schema)} onChange={(e: any) => onChange?.(e.target.value || null)} />;
}

/** A secret goes in and does not come out. Null leaves one as it is: an empty text removes it. */
function Secret({ say, required, value, onChange }: InputProps) {
  const set = value === mask;
  return (
    <Space.Compact block>
      <Input.Password
        autoComplete="new-password"
        value={set ? '' : value ?? ''}
        placeholder={set ? say('is set') : ''}
        onChange={(e: any) => onChange?.(e.target.value)}
      />
      {set && !required && <Button onClick={() => onChange?.('')}>{say('Remove')}</Button>}
    </Space.Compact>
  );
}

function Numeral({ schema, value, onChange }: InputProps) {
  const precision = schema.type === 'integer' ? 0 : undefined;
  return (
    <InputNumber
      value={value}
      min={schema.minimum}
      max={schema.maximum}
      precision={precision}
      placeholder={placeholder(schema)}
      style={{ width: '100%' }}
      onChange={onChange}
    />
  );
}

function Toggle({ schema, value, onChange }: InputProps) {
  return <Switch checked={value ?? schema.default ?? false} onChange={onChange} />;
}

function Choice({ schema, value, onChange }: InputProps) {
  const options = schema.enum?.map((choice) => ({ value: choice, label: String(choice) }));
  return <Select allowClear value={value ?? undefined} options={options} placeholder={placeholder(schema)} onChange={onChange} />;
}

function Texts({ schema, value, onChange }: InputProps) {
  return <Select mode="tags" open={false} value={(value ?? []).map(String)} placeholder={placeholder(schema)} onChange={onChange} />;
}

/** Shows what counts when nothing is entered, else an example. */
function placeholder({ default: otherwise, examples = [] }: Schema): string {
  const shown = otherwise !== undefined && otherwise !== '' ? otherwise : examples[0];
  return shown === undefined ? '' : String(shown);
}
