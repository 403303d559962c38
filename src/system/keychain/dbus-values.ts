/*
 * Values as the D-Bus specification marshals them ("Type System" and "Marshaling"): the types that the bus itself and the
 * Secret Service use, no others. A dictionary entry is a pair, an array of bytes is a Buffer.
 */

export type Value = number | boolean | string | Buffer | Variant | readonly Value[];

/** A value that brings its type along. */
export interface Variant {
  readonly type: string;
  readonly value: Value;
}

const ALIGNMENT: Readonly<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  b: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  '(': 8,
  '{': 8,
};
/** Deeper than anything that is read here. */
const MAX_DEPTH = 16;

/** @returns the complete types a signature is made of: `sa{sv}(oay)` is `s`, `a{sv}` and `(oay)` */
export function completeTypes(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number): number {
  if (signature[at] === 'a') return endOfType(signature, at + 1);
  if (signature[at] !== '(' && signature[at] !== '{') return at + 1;
  let open = 0;
  for (let end = at; end < signature.length; end += 1) {
    if ('({'.includes(signature[end] as string)) open += 1;
    if (')}'.includes(signature[end] as string)) open -= 1;
    if (open === 0) return end + 1;
  }
  throw new RangeError('a type without an end');
}

function alignmentOf(type: string): number {
  const alignment = ALIGNMENT[type[0] as string];
  if (alignment === undefined) throw new RangeError('a type that is not spoken here');
  return alignment;
}

const partsOf = (type: string) => completeTypes(type.slice(1, -1));

/** Marshals little-endian. The first byte counts as aligned to 8. */
export function marshal(signature: string, values: readonly Value[]): Buffer {
  const out: number[] = [];
  for (const [index, type] of completeTypes(signature).entries()) write(type, values[index] as Value, out);
  return Buffer.from(out);
}

function write(type: string, value: Value, out: number[]): void {
  pad(out, alignmentOf(type));
  switch (type[0]) {
    case 'y':
      out.push(value as number);
      return;
    case 'b':
    case 'u':
      out.push(...uint32(Number(value)));
      return;
    case 's':
    case 'o':
      writeText(Buffer.from(value as string, 'utf8'), 4, out);
      return;
    case 'g':
      writeText(Buffer.from(value as string, 'latin1'), 1, out);
      return;
    case 'v': {
      const variant = value as Variant;
      write('g', variant.type, out);
      write(variant.type, variant.value, out);
      return;
    }
    case 'a':
      writeArray(type.slice(1), value as Iterable<Value>, out);
      return;
    default:
      for (const [index, part] of partsOf(type).entries())
        write(part, (value as readonly Value[])[index] as Value, out);
  }
}

function writeText(bytes: Buffer, lengthBytes: 1 | 4, out: number[]): void {
  out.push(...uint32(bytes.length).slice(0, lengthBytes), ...bytes, 0);
}

/** The length counts neither itself nor the padding in front of the first element. */
function writeArray(type: string, values: Iterable<Value>, out: number[]): void {
  const length = out.push(0, 0, 0, 0) - 4;
  pad(out, alignmentOf(type));
  const start = out.length;
  for (const value of values) write(type, value, out);
  out.splice(length, 4, ...uint32(out.length - start));
}

function pad(out: number[], alignment: number): void {
  while (out.length % alignment !== 0) out.push(0);
}

const uint32 = (value: number) => [
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  (value >>> 24) & 0xff,
];

/** Where in which bytes the next value is read. */
interface Reader {
  readonly bytes: Buffer;
  readonly little: boolean;
  at: number;
}

/** @throws RangeError where the bytes are not what the signature says */
export function unmarshal(signature: string, bytes: Buffer, little: boolean): Value[] {
  const reader = { bytes, little, at: 0 };
  return completeTypes(signature).map((type) => read(type, reader, 0));
}

function read(type: string, reader: Reader, depth: number): Value {
  if (depth > MAX_DEPTH) throw new RangeError('too deep');
  align(reader, alignmentOf(type));
  switch (type[0]) {
    case 'y':
      return take(reader, 1).readUInt8();
    case 'b':
      return readUint32(reader) !== 0;
    case 'u':
      return readUint32(reader);
    case 's':
    case 'o':
      return readText(reader, readUint32(reader), 'utf8');
    case 'g':
      return readText(reader, take(reader, 1).readUInt8(), 'latin1');
    case 'v': {
      const [inner = '', ...more] = completeTypes(read('g', reader, depth + 1) as string);
      if (more.length > 0) throw new RangeError('a variant of several values');
      return { type: inner, value: read(inner, reader, depth + 1) };
    }
    case 'a':
      return readArray(type.slice(1), reader, depth);
    default:
      return partsOf(type).map((part) => read(part, reader, depth + 1));
  }
}

function readArray(type: string, reader: Reader, depth: number): Value {
  const length = readUint32(reader);
  align(reader, alignmentOf(type));
  if (type === 'y') return take(reader, length);
  const end = reader.at + length;
  const values: Value[] = [];
  while (reader.at < end) values.push(read(type, reader, depth + 1));
  return values;
}

function readText(reader: Reader, length: number, encoding: 'utf8' | 'latin1'): string {
  return take(reader, length + 1).toString(encoding, 0, length);
}

function readUint32(reader: Reader): number {
  const bytes = take(reader, 4);
  return reader.little ? bytes.readUInt32LE() : bytes.readUInt32BE();
}

function align(reader: Reader, alignment: number): void {
  reader.at = Math.ceil(reader.at / alignment) * alignment;
}

function take(reader: Reader, length: number): Buffer {
  const end = reader.at + length;
  if (end > reader.bytes.length) throw new RangeError('cut short');
  const taken = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return taken;
}
