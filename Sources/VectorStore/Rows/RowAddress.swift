/// Where a row is for as long as it lives: the serial number of its chunk and the slot in it. Packed into 54 bits.
///
/// Serials ascend and are never used twice, so an address never comes to mean another row.
package struct RowAddress: Hashable, Sendable, BitwiseCopyable {
  package let bits: UInt64

  /// Slots a chunk can have.
  package static let slotLimit = 1 << slotBits
  /// Serials are below this; 0 is none.
  package static let serialLimit: UInt64 = 1 << 36
  /// Bits of the number an address fits into.
  package static let width = 36 + slotBits

  private static let slotBits = 18

  package init(bits: UInt64) { self.bits = bits }

  package init(serial: UInt64, slot: Int) {
    bits = serial << UInt64(Self.slotBits) | UInt64(truncatingIfNeeded: slot)
  }

  package var serial: UInt64 { bits >> UInt64(Self.slotBits) }
  package var slot: Int { Int(truncatingIfNeeded: bits & (UInt64(Self.slotLimit) - 1)) }
}
