import CSupport
import Glibc
import Support

/// The namespaces of a store by name: open addressing over references that one writer at a time adds and removes while
/// readers, without a lock, look names up.
///
/// A removed namespace leaves a mark that goes when the table is built anew; that happens after at least as many additions
/// as there are namespaces, so adding costs O(1) amortised. What was taken out is let go when no reader can still be
/// between finding it and retaining it. Memory comes from allocations that may fail.
final class NamespaceTable: @unchecked Sendable {
  /// Address of the words in use, 0 = there are none yet. The first word is their number less one, a mask; each of the
  /// others is `free`, `removed` or a reference to a `NamespaceStore` that the table holds.
  private let current: UnsafeMutablePointer<UInt64>
  private let key = IDTable.HashKey()
  /// Namespaces in it, and words that are not free. The writer's.
  private(set) var count = 0
  private var used = 0

  private static let free: UInt64 = 0
  private static let removed: UInt64 = 1
  private static let smallest = 8

  init() {
    current = .allocate(capacity: 1)
    current.initialize(to: 0)
  }

  deinit {
    removeAll()
    current.deallocate()
  }

  /// The namespace of a name. Wait-free but for a table that is filled by others meanwhile.
  func find(_ name: ByteString) -> NamespaceStore? {
    let hash = hash(name)
    let section = vdb_readers_enter()
    defer { vdb_readers_leave(section) }
    guard let words = Self.words(vdb_atomic_load_ordered(current)) else { return nil }
    return Self.search(words, name, hash: hash).store
  }

  // MARK: The writer

  /// Adds a namespace whose name is not in it; false when out of memory.
  func add(_ store: NamespaceStore) -> Bool {
    guard let words = roomForOne() else { return false }
    let place = Self.search(words, store.name, hash: hash(store.name)).free
    _ = vdb_atomic_exchange(words + place, Self.word(of: store))
    count += 1
    used += 1
    return true
  }

  /// Takes a namespace out and lets go of it.
  func remove(_ store: NamespaceStore) {
    guard let words = Self.words(vdb_atomic_load(current)) else { return }
    let found = Self.search(words, store.name, hash: hash(store.name))
    guard found.store === store else { return }
    _ = vdb_atomic_exchange(words + found.place, Self.removed)
    count -= 1
    vdb_readers_wait()
    Unmanaged.passUnretained(store).release()
    if count == 0 { removeAll() }
  }

  /// Takes all namespaces out and lets go of them.
  func removeAll() {
    guard let words = Self.words(vdb_atomic_exchange(current, 0)) else { return }
    vdb_readers_wait()
    Self.forEach(words) { Unmanaged.passUnretained($0).release() }
    Glibc.free(words)
    count = 0
    used = 0
  }

  /// Calls `body` with every namespace, in no order. O(words).
  func forEach<Failure: Error>(_ body: (NamespaceStore) throws(Failure) -> Void) throws(Failure) {
    guard let words = Self.words(vdb_atomic_load(current)) else { return }
    try Self.forEach(words, body)
  }

  /// The words with one of them to spare at a load of at most one half; nil when out of memory.
  private func roomForOne() -> UnsafeMutablePointer<UInt64>? {
    let words = Self.words(vdb_atomic_load(current))
    if let words, 2 * (used + 1) <= Self.capacity(words) { return words }
    var capacity = Self.smallest
    while capacity < 4 * (count + 1) { capacity *= 2 }
    guard let memory = calloc(capacity + 1, 8) else { return nil }
    let grown = memory.bindMemory(to: UInt64.self, capacity: capacity + 1)
    grown[0] = UInt64(capacity - 1)
    if let words {
      Self.forEach(words) { store in
        let place = Self.search(grown, store.name, hash: hash(store.name)).free
        grown[place] = Self.word(of: Unmanaged.passUnretained(store))
      }
    }
    _ = vdb_atomic_exchange(current, UInt64(UInt(bitPattern: grown)))
    used = count
    if let words {
      vdb_readers_wait()
      Glibc.free(words)
    }
    return grown
  }

  // MARK: Words

  private func hash(_ name: ByteString) -> Int {
    Int(truncatingIfNeeded: name.bytes.withUnsafeBytes { key.hash($0) })
  }

  private static func words(_ address: UInt64) -> UnsafeMutablePointer<UInt64>? {
    UnsafeMutablePointer(bitPattern: UInt(address))
  }

  private static func capacity(_ words: UnsafeMutablePointer<UInt64>) -> Int { Int(words[0]) + 1 }

  private static func word(of store: NamespaceStore) -> UInt64 { word(of: Unmanaged.passRetained(store)) }

  private static func word(of store: Unmanaged<NamespaceStore>) -> UInt64 {
    UInt64(UInt(bitPattern: store.toOpaque()))
  }

  private static func store(_ word: UInt64) -> NamespaceStore? {
    guard word != removed, let pointer = UnsafeRawPointer(bitPattern: UInt(word)) else { return nil }
    return Unmanaged.fromOpaque(pointer).takeUnretainedValue()
  }

  /// The namespace of a name with its place, or else the first free place, which there always is.
  private static func search(
    _ words: UnsafeMutablePointer<UInt64>, _ name: ByteString, hash: Int
  ) -> (store: NamespaceStore?, place: Int, free: Int) {
    let mask = Int(words[0])
    var index = hash & mask
    while true {
      let word = vdb_atomic_load_ordered(words + index + 1)
      if word == free { return (nil, index + 1, index + 1) }
      if let store = store(word), store.name == name { return (store, index + 1, index + 1) }
      index = (index + 1) & mask
    }
  }

  private static func forEach<Failure: Error>(
    _ words: UnsafeMutablePointer<UInt64>, _ body: (NamespaceStore) throws(Failure) -> Void
  ) throws(Failure) {
    for index in 0..<capacity(words) {
      if let store = store(vdb_atomic_load(words + index + 1)) { try body(store) }
    }
  }
}
