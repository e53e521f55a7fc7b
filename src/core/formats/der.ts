/** DER (ITU-T X.690) as far as certificates and requests for them use it: tags of one byte, definite lengths. */

export interface DerNode {
  readonly tag: number;
  readonly body: Uint8Array;
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_ID = 0x06;

/** The values one after the other in a DER body; undefined when it is not made of such. */
export const nodesOf = (bytes: Uint8Array): readonly DerNode[] | undefined => {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, first] = [bytes[at], bytes[at + 1]];
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
    at += 2;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4) return undefined;
      length = 0;
      for (const byte of bytes.subarray(at, at + count)) length = length * 256 + byte;
      at += count;
    }
    if (at + length > bytes.length) return undefined;
    nodes.push({ tag, body: bytes.subarray(at, at + length) });
    at += length;
  }
  return nodes;
};

/** Do the values begin with these tags? */
export const hasTags = (nodes: readonly DerNode[] | undefined, tags: readonly number[]): nodes is readonly DerNode[] =>
  nodes !== undefined && tags.every((tag, index) => nodes[index]?.tag === tag);
