"""Texts that break what is not done right."""

IDS = [
  "a", "A", "ab", "a ", " a", "  ", "\t", "a\n", "a\r\nb", "caf\u00e9", "cafe\u0301", "\u00c5", "\u212b", "ﬁ", "fi",
  "日本", "😀", "\u200b", "\ufeff", "\x01", "\x1f", "\x7f", "\u2028", "0", "00", "-1", "1e5", "null", "true", "None",
  "*", "a*", "a?", "[a]", "a{b}", "{a", "a}", "a|b", "a,b", "a:b", "a::b", "a;b", "a'b", "''", "'", '"', '"a"',
  'a"b', "a\\b", "\\", "\\\\", "\\'", '\\"', "a/b", "/", "..", "../a", "%", "%20", "%41", "a+b", "a&b=c", "a#b",
  "~a", "@a", "$a", "-a", "(a)", "a^b", "`a`", "a.b", "._", "_vdb", "_vdb_a", "$where", "id", "' OR '1'='1",
  '" or "" == "', "'; DROP TABLE x; --", "'); DELETE FROM x; --", "*=>[KNN 1 @v $B]", "} | *", "a\x1fb",
  "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000",
  "550e8400e29b41d4a716446655440000", "i" * 512, "é" * 256, "😀" * 128, "9007199254740993", "18446744073709551616",
  "1", "1.0", "01",
]  # fmt: skip
"""Ids, all of which are different records."""

KEYS = [
  "a.b", "a b", " a", "a ", "é", "e\u0301", '"', "'", "\\", "a\"b", "a'b", "a\\b", "日本", "😀", "-", "a-b", "a:b",
  "a,b", "a/b", "@a", "#", "*", "(a)", "[0]", "a[0]", "{a}", "%", "a%20b", "a|b", "a=b", "a;b", "\t", "\n", "\x01",
  "id", "ID", "vector", "embedding", "metadata", "distance", "score", "namespace", "document", "chroma:document",
  "0", "1a", "_", "__", "_a", "a__s", "a__n", "meta", "select", "and", "not", "in", "exists", "null", "true",
  "k" * 255, "é" * 127, "A", "a", "x'; DROP TABLE t; --", "?", "a?b", "a$",
]  # fmt: skip
"""Metadata keys, all of which are different keys."""

VALUES = [
  "", " ", "  ", " a", "a ", "a", "A", "\t", "\n", "a\nb", "é", "e\u0301", "\u00c5", "\u212b", '"', "'", "''", "\\",
  "\\\\", "\\n", "a\\", "\\'", '"a"', "a,b", "a|b", "a;b", "{a}", "{", "}", "[a]", "(a)", "a:b", "a-b", "-a", "a*",
  "*", "?", "%", "_", "a%", "@a", "$a", "#a", "~a", "~", "!", "&", "^", "=", "+", "<", ">", "/", ".", "a.b", "\x01",
  "\x1f", "a\x1fb", "\x7f", "\u2028", "日本", "😀", "null", "true", "false", "1", "1.0", "NaN", "0", "' OR '1'='1",
  '" || true || "', "'); DROP TABLE x; --", "} => [KNN 5 @v $B]", "x} | @a:{*", "$ne", "$contains", "a" * 999,
  "a" * 1000, "a" * 1001, "a" * 5000, "b" * 5000, "é" * 600, "a b", "a  b", "the a", "ﬁ",
]  # fmt: skip
"""String values, all of which are different."""

NUMBERS = [
  0, 1, -1, 5, 5.5, -0.25, 0.1, 1e-9, 1e-300, 1e300, -1e300, 2**31, 2**31-1, -(2**31), 2**53, 2**53-1, -(2**53),
  -(2**53) + 1, 1e16, 16777217, 0.30000000000000004, 1.7976931348623157e308, 5e-324, 123456789.125,
]  # fmt: skip
"""Numbers, all of which are different; each fits a double."""

NAMES = [
  "a'b", 'a"b', "a b", "a;b", "x; DROP TABLE victim; --", 'x"; DROP TABLE victim; --', "x'; DROP TABLE victim; --",
  "a/b", "../a", "a%20b", "é", "e\u0301", "A", "a.b", "a.b.c", "-a", "a*", "*", "a?", "a{b}", "a:b", "a,b", "日本",
  "😀", "n" * 63, "n" * 64, "n" * 200, "\n", "a\nb", " ", "select", "_a", "1", "a\\b", "..", "$a", "@", "#",
]  # fmt: skip
"""Names of collections: each works, or is refused before anything is done."""
