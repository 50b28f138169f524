import { Button, Input, Space } from 'antd';
import React, { useState } from 'react';
import type { InputProps } from './options';

type Pair = [name: string, value: string];

/** Texts by name. A row without a name is not kept. */
export function Pairs({ schema, say, value, onChange }: InputProps) {
  const [[likeName, likeText] = [say('Name'), say('Value')]] = Object.entries(schema.examples?.[0] ?? {});
  const [pairs, setPairs] = useState<Pair[]>(() => Object.entries(value ?? {}));
  const set = (now: Pair[]) => {
    setPairs(now);
    const named = now.filter(([name]) => name !== '');
    onChange?.(named.length > 0 ? Object.fromEntries(named) : null);
  };
  const edit = (i: number, pair: Pair) => set(pairs.map((old, j) => (j === i ? pair : old)));
  return (
    <>
      {pairs.map(([name, text], i) => (
        <Space.Compact key={i} block style={{ marginBottom: 8 }}>
          <Input value={name} placeholder={likeName} onChange={(e: any) => edit(i, [e.target.value, text])} />
          <Input value={text} placeholder={likeText} onChange={(e: any) => edit(i, [name, e.target.value])} />
          <Button onClick={() => set(pairs.filter((_, j) => j !== i))}>{say('Remove')}</Button>
        </Space.Compact>
      ))}
      <Button size="small" onClick={() => setPairs([...pairs, ['', '']])}>
        {say('Add')}
      </Button>
    </>
  );
}
