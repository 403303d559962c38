/* Messages of the D-Bus protocol, version 1 ("Message Protocol" in its specification). */

export const METHOD_CALL = 1;
export const METHOD_RETURN = 2;
export const ERROR = 3;
export const SIGNAL = 4;

const FIELDS = {
  path: [1, 'o'],
  interface: [2, 's'],
  member: [3, 's'],
  errorName: [4, 's'],
  replySerial: [5, 'u'],
  destination: [6, 's'],
  sender: [7, 's'],
  signature: [8, 'g'],
} as const;

type FieldName = keyof typeof FIELDS;
const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

export interface Message {
  readonly type: number;
  /** Counts the messages of one connection, from 1. */
  readonly serial: number;
  readonly fields: Readonly<Partial<Record<FieldName, Value>>>;
  readonly body: readonly Value[];
}

const LITTLE_ENDIAN = 0x6c;
const BIG_ENDIAN = 0x42;
const PROTOCOL_VERSION = 1;
/** The fixed part of a header, and the length of its array of fields. */
const PREAMBLE_BYTES = 16;
/** Far more than any answer needs; the protocol itself would allow 128 MiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const HEADER = 'yyyyuua(yv)';

export function encodeMessage({ type, serial, fields, body }: Message): Buffer {
  const bytes = marshal(String(fields.signature ?? ''), body);
  const listed = FIELD_NAMES.flatMap((name): [number, Variant][] => {
    const value = fields[name];
    return value === undefined ? [] : [[FIELDS[name][0], { type: FIELDS[name][1], value }]];
  });
  const header = marshal(HEADER, [LITTLE_ENDIAN, type, 0, PROTOCOL_VERSION, bytes.length, serial, listed]);
  return Buffer.concat([header, Buffer.alloc(padding(header.length)), bytes]);
}

const padding = (length: number) => (8 - (length % 8)) % 8;

/**
 * Reads the message that a stream begins with.
 *
 * @returns null while it is incomplete
 * @throws RangeError when it is not a message, or larger than 1 MiB
 */
export function decodeMessage(stream: Buffer): { readonly message: Message; readonly length: number } | null {
  if (stream.length < PREAMBLE_BYTES) return null;
  const endian = stream[0];
  if ((endian !== LITTLE_ENDIAN && endian !== BIG_ENDIAN) || stream[3] !== PROTOCOL_VERSION)
    throw new RangeError('not a D-Bus message');
  const little = endian === LITTLE_ENDIAN;
  const uint32At = (at: number) => (little ? stream.readUInt32LE(at) : stream.readUInt32BE(at));
  const headerLength = PREAMBLE_BYTES + uint32At(12);
  const bodyStart = headerLength + padding(headerLength);
  const length = bodyStart + uint32At(4);
  if (length > MAX_MESSAGE_BYTES) throw new RangeError('message too long');
  if (stream.length < length) return null;
  const [, type, , , , serial, listed] = unmarshal(HEADER, stream.subarray(0, headerLength), little);
  const fields = namedFields(listed as readonly [number, Variant][]);
  const body = unmarshal(String(fields.signature ?? ''), stream.subarray(bodyStart, length), little);
  return { message: { type: type as number, serial: serial as number, fields, body }, length };
}

/** The specification says to ignore fields with other numbers. */
function namedFields(listed: readonly (readonly [number, Variant])[]): Message['fields'] {
  const named = listed.flatMap(([number, { type, value }]) => {
    const name = FIELD_NAMES.find((each) => FIELDS[each][0] === number);
    return name !== undefined && FIELDS[name][1] === type ? [[name, value]] : [];
  });
  return Object.fromEntries(named);
}

/*
 * Values ("Type System" and "Marshaling"): only the types that the bus and the Secret Service use. A dictionary entry is a
 * pair, an array of bytes is a Buffer.
 */

export type Value = number | boolean | string | Buffer | Variant | readonly Value[];

/** A value with its type. */
export interface Variant {
  readonly type: string;
  readonly value: Value;
}

/** Deeper than any value that is read here. */
const MAX_DEPTH = 16;

/** @returns the complete types of a signature: `sa{sv}(oay)` is `s`, `a{sv}` and `(oay)` */
export function completeTypes(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; at += (types.at(-1) as string).length)
    types.push(signature.slice(at, endOfType(signature, at)));
  return types;
}

function endOfType(signature: string, at: number): number {
  if (signature[at] === 'a') return endOfType(signature, at + 1);
  let open = 0;
  for (let end = at; end < signature.length; end += 1) {
    if ('({'.includes(signature[end] as string)) open += 1;
    if (')}'.includes(signature[end] as string)) open -= 1;
    if (open === 0) return end + 1;
  }
  throw new RangeError('a type without an end');
}

function alignmentOf([kind = '']: string): number {
  if (/[ygv]/.test(kind)) return 1;
  if (/[busoa]/.test(kind)) return 4;
  if (/[({]/.test(kind)) return 8;
  throw new RangeError('unknown type');
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
      break;
    case 'b':
    case 'u':
      out.push(...uint32(Number(value)));
      break;
    case 's':
    case 'o':
    case 'g': {
      const bytes = Buffer.from(value as string, 'utf8');
      out.push(...(type === 'g' ? [bytes.length] : uint32(bytes.length)), ...bytes, 0);
      break;
    }
    case 'v':
      write('g', (value as Variant).type, out);
      write((value as Variant).type, (value as Variant).value, out);
      break;
    case 'a': {
      // The length counts neither itself nor the padding in front of the first element.
      const length = out.push(0, 0, 0, 0) - 4;
      pad(out, alignmentOf(type.slice(1)));
      const start = out.length;
      for (const element of value as Iterable<Value>) write(type.slice(1), element, out);
      out.splice(length, 4, ...uint32(out.length - start));
      break;
    }
    default:
      for (const [index, part] of partsOf(type).entries())
        write(part, (value as readonly Value[])[index] as Value, out);
  }
}

function pad(out: number[], alignment: number): void {
  while (out.length % alignment !== 0) out.push(0);
}

function uint32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

/** The bytes, and the position of the next value in them. */
interface Reader {
  readonly bytes: Buffer;
  readonly little: boolean;
  at: number;
}

/** @throws RangeError when the bytes do not match the signature */
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
    case 'g': {
      const length = type === 'g' ? take(reader, 1).readUInt8() : readUint32(reader);
      return take(reader, length + 1).toString('utf8', 0, length);
    }
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
