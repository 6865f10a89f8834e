/// What stands in a C handle: never an address, but kind, generation and slot.
///
/// Bits, from the top: 4 kind (1...5) · 36 generation · 24 slot. A slot's generation grows each time it is freed, so an old
/// token is recognised as closed instead of meeting a stranger.
struct HandleToken: Equatable {
  static let slotBits: UInt64 = 24
  static let generationBits: UInt64 = 36
  static let maxSlots = 1 << 24
  static let generationMask: UInt64 = (1 << generationBits) - 1

  let kind: HandleKind
  let generation: UInt64
  let slot: Int

  init(kind: HandleKind, generation: UInt64, slot: Int) {
    self.kind = kind
    self.generation = generation
    self.slot = slot
  }

  /// Nil when the bits cannot be a token of this library.
  init?(_ pointer: OpaquePointer) {
    let bits = UInt64(UInt(bitPattern: pointer))
    guard let kind = HandleKind(tag: bits >> (Self.slotBits + Self.generationBits)) else { return nil }
    self.kind = kind
    generation = (bits >> Self.slotBits) & Self.generationMask
    slot = Int(bits & (UInt64(Self.maxSlots) - 1))
  }

  var pointer: OpaquePointer? {
    let bits =
      (kind.tag << (Self.slotBits + Self.generationBits)) | (generation << Self.slotBits) | UInt64(slot)
    return OpaquePointer(bitPattern: UInt(bits))
  }
}

/// The types of handles; raw values are those of `vdb_handle_kind`.
enum HandleKind: Int32, CaseIterable {
  case database = 0
  case results = 1
  case writeReport = 2
  case cancelToken = 3
  case request = 4

  init?(tag: UInt64) {
    guard tag >= 1, tag <= 5 else { return nil }
    self.init(rawValue: Int32(tag) - 1)
  }

  /// Never zero, so that no token is NULL.
  var tag: UInt64 { UInt64(rawValue) + 1 }

  /// For messages.
  var name: String {
    switch self {
    case .database: "database"
    case .results: "results"
    case .writeReport: "write report"
    case .cancelToken: "cancel token"
    case .request: "request"
    }
  }
}
