import { marshal, unmarshal, type Value, type Variant } from './dbus-values.js';

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
/** Far above anything that is asked for here; the protocol itself would allow 128 MiB. */
const LIMIT = 1024 * 1024;

export function encodeMessage({ type, serial, fields, body }: Message): Buffer {
  const bytes = marshal(String(fields.signature ?? ''), body);
  const listed = (Object.keys(FIELDS) as FieldName[]).flatMap((name): [number, Variant][] => {
    const value = fields[name];
    return value === undefined ? [] : [[FIELDS[name][0], { type: FIELDS[name][1], value }]];
  });
  const header = [LITTLE_ENDIAN, type, 0, PROTOCOL_VERSION, bytes.length, serial, listed];
  return Buffer.concat([padded(marshal('yyyyuua(yv)', header)), bytes]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(padding(bytes.length))]);
}

const padding = (length: number) => (8 - (length % 8)) % 8;

/**
 * Reads the message that a stream begins with.
 *
 * @returns null while it is not there as a whole
 * @throws RangeError where it is none, or one of more than 1 MiB
 */
export function decodeMessage(stream: Buffer): { readonly message: Message; readonly length: number } | null {
  if (stream.length < PREAMBLE_BYTES) return null;
  const endian = stream[0];
  if ((endian !== LITTLE_ENDIAN && endian !== BIG_ENDIAN) || stream[3] !== PROTOCOL_VERSION)
    throw new RangeError('no D-Bus message');
  const little = endian === LITTLE_ENDIAN;
  const uint32 = (at: number) => (little ? stream.readUInt32LE(at) : stream.readUInt32BE(at));
  const bodyLength = uint32(4);
  const headerLength = PREAMBLE_BYTES + uint32(12);
  const bodyStart = headerLength + padding(headerLength);
  const length = bodyStart + bodyLength;
  if (length > LIMIT) throw new RangeError('too long a message');
  if (stream.length < length) return null;
  const [, type, , , , serial, listed] = unmarshal('yyyyuua(yv)', stream.subarray(0, headerLength), little);
  const fields = namedFields(listed as readonly [number, Variant][]);
  const body = unmarshal(String(fields.signature ?? ''), stream.subarray(bodyStart, length), little);
  return { message: { type: type as number, serial: serial as number, fields, body }, length };
}

/** Fields of other numbers are to be ignored, says the specification. */
function namedFields(listed: readonly (readonly [number, Variant])[]): Message['fields'] {
  const names = Object.keys(FIELDS) as FieldName[];
  return Object.fromEntries(
    listed.flatMap(([number, { type, value }]) => {
      const name = names.find((each) => FIELDS[each][0] === number);
      return name !== undefined && FIELDS[name][1] === type ? [[name, value]] : [];
    }),
  );
}
