import VectorModel

extension FilterLeaf {
  /// Which of 64 numbers pass; NaN, the absent, passes nothing but is no number.
  func holding(_ values: UnsafePointer<Double>, _ reached: UInt64) -> UInt64 {
    let wanted = number
    switch test {
    case .exists: return bits { values[$0] == values[$0] ? 1 : 0 }
    case .equalNumber: return bits { values[$0] == wanted ? 1 : 0 }
    case .lessNumber: return bits { values[$0] < wanted ? 1 : 0 }
    case .lessOrEqualNumber: return bits { values[$0] <= wanted ? 1 : 0 }
    case .greaterNumber: return bits { values[$0] > wanted ? 1 : 0 }
    case .greaterOrEqualNumber: return bits { values[$0] >= wanted ? 1 : 0 }
    case .numberIn: return bits { reached >> UInt64($0) & 1 == 1 && holds(number: values[$0]) ? 1 : 0 }
    case .isTrue, .isFalse, .equalString, .stringIn: return 0
    case .lessString, .lessOrEqualString, .greaterString, .greaterOrEqualString: return 0
    }
  }

  /// Writes the signatures of the strings that decide to `wanted`, which has room for `ColumnTest.wantedLimit`, and returns
  /// how many; 0 when signatures do not decide, or too many do.
  func writeSignatures(_ wanted: UnsafeMutablePointer<UInt32>) -> Int {
    switch test {
    case .equalString:
      wanted[0] = signature(text)
      return 1
    case .stringIn where strings.count <= ColumnTest.wantedLimit:
      for (index, string) in strings.enumerated() { wanted[index] = signature(string) }
      return strings.count
    default: return 0
    }
  }

  /// What 64 signatures tell, `wanted` being those of `writeSignatures`: rows that pass for certain, and rows that have to
  /// be looked at.
  func judging(
    _ signatures: UnsafePointer<UInt32>, _ wanted: UnsafeBufferPointer<UInt32>
  ) -> (passing: UInt64, unsure: UInt64) {
    switch test {
    case .exists: return (bits { signatures[$0] != 0 ? 1 : 0 }, 0)
    case .equalString, .stringIn:
      if wanted.isEmpty { return (0, bits { signatures[$0] != 0 ? 1 : 0 }) }
      var unsure: UInt64 = 0
      for string in wanted { unsure |= bits { signatures[$0] & string == string ? 1 : 0 } }
      return (0, unsure)
    case .lessString, .lessOrEqualString, .greaterString, .greaterOrEqualString:
      return (0, bits { signatures[$0] != 0 ? 1 : 0 })
    case .isTrue, .isFalse, .equalNumber, .lessNumber, .lessOrEqualNumber, .greaterNumber, .greaterOrEqualNumber,
      .numberIn:
      return (0, bits { signatures[$0] == .max ? 1 : 0 })
    }
  }
}
