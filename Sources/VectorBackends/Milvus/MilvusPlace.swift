import Support
import VectorModel

/// Where the records of one namespace lie: a partition, and primary keys that begin with its name.
///
/// Keys must differ across partitions: Milvus Lite knows one record a key in the whole collection. The default namespace is the
/// default partition with the ids as they are, so that others read what we write.
struct MilvusPlace: Sendable, Equatable {
  let namespace: ByteString
  let partition: String
  /// What primary keys begin with; empty for the default namespace.
  let prefix: [UInt8]
  /// Whether the partition's name is a digest: then its records name the namespace.
  let isDigest: Bool

  static let defaultPartition = "_default"

  /// Begins keys that are not just an id. Ids of the default namespace that begin so are put behind `escape`.
  static let reserved = Array("_vdb_".utf8)
  private static let separator = UInt8(ascii: ":")
  private static let escape = reserved + [separator]
  private static let named = "ns_"
  private static let digest = "nsx_"
  /// Milvus takes 255; Milvus Lite makes a folder of it.
  private static let longestName = 240
  /// Bytes that a primary key needs at most, beside the id.
  static let keyOverhead = reserved.count + longestName + 1

  init(_ namespace: ByteString) {
    self.namespace = namespace
    if namespace.isEmpty {
      (partition, prefix, isDigest) = (Self.defaultPartition, [], false)
      return
    }
    let name = Self.escaped(namespace)
    isDigest = name.utf8.count > Self.longestName
    partition =
      isDigest
      ? Self.digest + withBytes(of: namespace) { String(decoding: SHA256.hexadecimal($0), as: UTF8.self) } : name
    prefix = Self.reserved + Array(partition.utf8) + [Self.separator]
  }

  /// Appends the primary key of a record; false when out of memory.
  func appendKey(of id: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    let front = prefix.isEmpty && id.starts(with: Self.reserved) ? Self.escape : prefix
    return front.withUnsafeBytes { output.append(bytes: $0) } && output.append(bytes: id)
  }

  /// Bytes of the primary key of a record.
  func lengthOfKey(of id: UnsafeRawBufferPointer) -> Int {
    (prefix.isEmpty && id.starts(with: Self.reserved) ? Self.escape.count : prefix.count) + id.count
  }

  func key(of id: UnsafeRawBufferPointer) -> [UInt8] {
    (prefix.isEmpty && id.starts(with: Self.reserved) ? Self.escape : prefix) + Array(id)
  }

  /// The id of a record by its primary key; nil for a record of another namespace.
  func id(ofKey key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    if !prefix.isEmpty { return Self.rest(of: key, behind: prefix) }
    return Self.rest(of: key, behind: Self.reserved) == nil ? key : Self.rest(of: key, behind: Self.escape)
  }

  /// nil for a key that begins in another way.
  private static func rest(of key: UnsafeRawBufferPointer, behind front: [UInt8]) -> UnsafeRawBufferPointer? {
    guard key.count >= front.count else { return nil }
    let isAlike = front.withUnsafeBytes {
      compareBytes(UnsafeRawBufferPointer(rebasing: key.prefix(front.count)), $0) == 0
    }
    return isAlike ? UnsafeRawBufferPointer(rebasing: key.dropFirst(front.count)) : nil
  }

  /// A condition that holds for the keys of this namespace alone: for calls that do not keep to a partition everywhere.
  func condition(_ field: String) -> [UInt8] {
    func after(_ text: [UInt8]) -> [UInt8] { text.dropLast() + [(text.last ?? 0) + 1] }
    var text = MilvusText()
    if prefix.isEmpty {
      let (reserved, escape) = (Self.reserved, Self.escape)
      text.add("((\(field) < ", reserved, ") or (\(field) >= ", after(reserved), ") or ((\(field) >= ")
      text.add("", escape, ") and (\(field) < ", after(escape), ")))")
    } else {
      text.add("((\(field) >= ", prefix, ") and (\(field) < ", after(prefix), "))")
    }
    return text.bytes
  }

  /// The namespace of a partition that we made; nil for one of somebody else. `isDigest` ones are named by their records.
  enum Owner: Equatable {
    case namespace(ByteString)
    case digest
  }

  static func owner(ofPartition name: String) -> Owner? {
    if name == defaultPartition { return .namespace(ByteString([])) }
    if name.hasPrefix(digest) { return .digest }
    guard name.hasPrefix(named) else { return nil }
    var bytes: [UInt8] = []
    var rest = Array(name.utf8.dropFirst(named.utf8.count))[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "_") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    let namespace = ByteString(bytes)
    return !bytes.isEmpty && escaped(namespace) == name ? .namespace(namespace) : nil
  }

  /// Letters and digits as they are, all else as `_` and two hexadecimal digits.
  private static func escaped(_ namespace: ByteString) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var name = Array(named.utf8)
    for byte in namespace.bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        name.append(byte)
      default: name += [UInt8(ascii: "_"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: name, as: UTF8.self)
  }
}
