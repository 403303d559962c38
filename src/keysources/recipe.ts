/** Prints a new master key, on every system that has OpenSSL: base64 of 32 random bytes, made base64url (RFC 4648 §5). */
export const NEW_KEY = "openssl rand -base64 32 | tr '+/' '-_'";
