import CSupport
import Glibc
import Support
import VectorModel

/// Every object that C holds, by token.
///
/// Looking a handle up takes no lock: a compare-and-swap on the slot's word. Only making and freeing handles takes the
/// lock of the free list. Slots live in chunks that are never freed or moved.
final class HandleTable: @unchecked Sendable {
  static let shared = HandleTable()

  private static let slotsPerChunk = 1 << 12
  private static let maxChunks = HandleToken.maxSlots / slotsPerChunk

  /// Addresses of the chunks, zero where there is none yet; entries are published atomically.
  private let chunks: UnsafeMutablePointer<UInt64>
  private let lock = Lock(.leaf)
  private var chunkCount = 0
  private var freeSlots: [Int32] = []
  /// The process this table was last used in.
  private let epoch = AtomicWord(processEpoch)
  private let live: [AtomicWord] = HandleKind.allCases.map { _ in AtomicWord(0) }

  private init() {
    chunks = .allocate(capacity: Self.maxChunks)
    chunks.initialize(repeating: 0, count: Self.maxChunks)
  }

  /// Hands out a handle for `object`, which lives until it is closed.
  func insert(_ object: AnyObject, kind: HandleKind) throws(VectorError) -> OpaquePointer {
    let slot = try takeSlot()
    guard let place = place(slot) else { throw VectorError(.internal, "handle slot \(slot) has no memory") }
    let generation = HandleSlot.generation(vdb_atomic_load(place.word))
    place.pointee.kind = kind
    place.pointee.object = UnsafeRawPointer(Unmanaged.passRetained(object).toOpaque())
    vdb_atomic_store(place.word, HandleSlot.opened(generation: generation))
    live[Int(kind.rawValue)].add(1)
    guard let pointer = HandleToken(kind: kind, generation: generation, slot: slot).pointer else {
      throw VectorError(.internal, "handle slot \(slot) gives no token")
    }
    return pointer
  }

  /// Runs `body` with the object behind a handle, which cannot be freed meanwhile.
  func with<Object: AnyObject, R>(
    _ pointer: OpaquePointer?, kind: HandleKind, as type: Object.Type,
    _ body: (Object) throws(VectorError) -> R
  ) throws(VectorError) -> R {
    let (place, token) = try locate(pointer, kind: kind)
    var state = vdb_atomic_load(place.word)
    repeat {
      guard HandleSlot.generation(state) == token.generation, HandleSlot.isOpen(state) else {
        throw Self.closed(token, state)
      }
      guard HandleSlot.users(state) < HandleSlot.userMask else {
        throw VectorError(.overloaded, "too many calls inside one \(kind.name) handle")
      }
      if vdb_atomic_compare_exchange(place.word, state, state + 1) != 0 { break }
      state = vdb_atomic_load(place.word)
    } while true
    defer { leave(place, token.slot) }
    // A forged token can name another kind than the slot holds; the kind decides the type of the object.
    guard place.pointee.kind == kind, let raw = place.pointee.object else {
      throw VectorError(.invalidHandle, "this \(kind.name) handle was never handed out")
    }
    return try body(Unmanaged<Object>.fromOpaque(raw).takeUnretainedValue())
  }

  /// Ends a handle: later uses are `closed`. The object goes when the last call inside has left.
  func close(_ pointer: OpaquePointer, kind: HandleKind) throws(VectorError) {
    let (place, token) = try locate(pointer, kind: kind)
    var state = vdb_atomic_load(place.word)
    repeat {
      guard HandleSlot.generation(state) == token.generation, HandleSlot.isOpen(state), place.pointee.kind == kind
      else { throw Self.closed(token, state) }
      // A user of our own keeps the slot while it closes, so that leaving is the one place that frees.
      let closing = (state & ~HandleSlot.openBit) + 1
      if vdb_atomic_compare_exchange(place.word, state, closing) != 0 { break }
      state = vdb_atomic_load(place.word)
    } while true
    live[Int(kind.rawValue)].add(UInt64.max)
    leave(place, token.slot)
  }

  /// Handles of a kind that were handed out and not ended.
  func liveCount(_ kind: HandleKind) -> UInt64 { live[Int(kind.rawValue)].load() }

  private func leave(_ place: UnsafeMutablePointer<HandleSlot>, _ slot: Int) {
    let before = vdb_atomic_add(place.word, UInt64.max)
    let state = before &- 1
    if HandleSlot.users(state) == 0, !HandleSlot.isOpen(state) { release(place, slot, state) }
  }

  /// Frees the object of a slot that is closed and has no users, and lets the slot be used again.
  private func release(_ place: UnsafeMutablePointer<HandleSlot>, _ slot: Int, _ state: UInt64) {
    let object = vacate(place, state)
    lock.withLock { freeSlots.append(Int32(slot)) }
    // Last, outside every lock: freeing a database takes its own time.
    if let object { Unmanaged<AnyObject>.fromOpaque(object).release() }
  }

  private func locate(
    _ pointer: OpaquePointer?, kind: HandleKind
  ) throws(VectorError) -> (UnsafeMutablePointer<HandleSlot>, HandleToken) {
    guard let pointer else { throw VectorError(.invalidHandle, "\(kind.name) handle is NULL") }
    if epoch.load() != processEpoch { forgetUsersOfTheParent() }
    guard let token = HandleToken(pointer), let place = place(token.slot) else {
      throw VectorError(.invalidHandle, "\(Self.hex(pointer)) is no \(kind.name) handle")
    }
    guard token.kind == kind else {
      throw VectorError(.invalidHandle, "\(Self.hex(pointer)) is a \(token.kind.name) handle, expected a \(kind.name)")
    }
    return (place, token)
  }

  /// The error for a token whose generation is not the slot's, or whose slot is closed.
  private static func closed(_ token: HandleToken, _ state: UInt64) -> VectorError {
    if token.generation > HandleSlot.generation(state) {
      return VectorError(.invalidHandle, "this \(token.kind.name) handle was never handed out")
    }
    return VectorError(.closed, "the \(token.kind.name) handle was closed before")
  }

  private func takeSlot() throws(VectorError) -> Int {
    try lock.withLock { () throws(VectorError) -> Int in
      if let slot = freeSlots.popLast() { return Int(slot) }
      guard chunkCount < Self.maxChunks else {
        throw VectorError(.overloaded, "more than \(HandleToken.maxSlots) handles are open")
      }
      let bytes = Self.slotsPerChunk * MemoryLayout<HandleSlot>.stride
      guard let memory = calloc(1, bytes) else {
        throw VectorError(.outOfMemory, "not enough memory for \(Self.slotsPerChunk) handles")
      }
      vdb_atomic_store(chunks + chunkCount, UInt64(UInt(bitPattern: memory)))
      let first = chunkCount * Self.slotsPerChunk
      chunkCount += 1
      freeSlots.reserveCapacity(chunkCount * Self.slotsPerChunk)
      for slot in stride(from: first + Self.slotsPerChunk - 1, to: first, by: -1) { freeSlots.append(Int32(slot)) }
      return first
    }
  }

  private func place(_ slot: Int) -> UnsafeMutablePointer<HandleSlot>? {
    let address = vdb_atomic_load(chunks + slot / Self.slotsPerChunk)
    guard let chunk = UnsafeMutableRawPointer(bitPattern: UInt(address)) else { return nil }
    return chunk.assumingMemoryBound(to: HandleSlot.self) + slot % Self.slotsPerChunk
  }

  /// After fork no other thread exists: calls that were inside in the parent will never leave here.
  private func forgetUsersOfTheParent() {
    let orphans = lock.withLock { () -> [UnsafeRawPointer] in
      guard epoch.load() != processEpoch else { return [] }
      var orphans: [UnsafeRawPointer] = []
      for slot in 0..<chunkCount * Self.slotsPerChunk {
        guard let place = place(slot) else { continue }
        let state = vdb_atomic_load(place.word)
        guard HandleSlot.users(state) > 0 else { continue }
        vdb_atomic_store(place.word, state & ~HandleSlot.userMask)
        if HandleSlot.isOpen(state) { continue }
        if let object = vacate(place, state) { orphans.append(object) }
        freeSlots.append(Int32(slot))
      }
      epoch.store(processEpoch)
      return orphans
    }
    for object in orphans { Unmanaged<AnyObject>.fromOpaque(object).release() }
  }

  /// Takes the object out of a closed slot without users, and makes old tokens of the slot stale.
  private func vacate(_ place: UnsafeMutablePointer<HandleSlot>, _ state: UInt64) -> UnsafeRawPointer? {
    let object = place.pointee.object
    place.pointee.object = nil
    let next = (HandleSlot.generation(state) &+ 1) & HandleToken.generationMask
    vdb_atomic_store(place.word, HandleSlot.closed(generation: next))
    return object
  }

  private static func hex(_ pointer: OpaquePointer) -> String {
    "0x" + String(UInt(bitPattern: pointer), radix: 16)
  }
}
