import { Input } from 'antd';
import React, { useState } from 'react';
import type { InputProps } from './options';

/** What no other input is made for, as JSON. It counts once it can be read. */
export function Json({ value, onChange }: InputProps) {
  const [text, setText] = useState(() => (value == null ? '' : JSON.stringify(value, null, 2)));
  const [wrong, setWrong] = useState(false);
  const edit = (now: string) => {
    setText(now);
    try {
      onChange?.(now === '' ? null : JSON.parse(now));
      setWrong(false);
    } catch {
      setWrong(true);
    }
  };
  return <Input.TextArea autoSize value={text} status={wrong ? 'error' : ''} onChange={(e: any) => edit(e.target.value)} />;
}
