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
    case .numberIn: return bits { reached >> UInt64($0) & 1 == 1 && isOperand(values[$0]) ? 1 : 0 }
    case .isTrue, .isFalse, .equalString, .stringIn: return 0
    case .lessString, .lessOrEqualString, .greaterString, .greaterOrEqualString: return 0
    }
  }

  private func isOperand(_ value: Double) -> Bool {
    var low = 0
    var high = numbers.count
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] == value { return true }
      if numbers[middle] < value { low = middle + 1 } else { high = middle }
    }
    return false
  }

  /// What 64 signatures tell: rows that pass for certain, and rows that have to be looked at.
  func judging(_ signatures: UnsafePointer<UInt32>) -> (passing: UInt64, unsure: UInt64) {
    switch test {
    case .exists: return (bits { signatures[$0] != 0 ? 1 : 0 }, 0)
    case .equalString: return (0, holders(of: text, signatures))
    case .stringIn where strings.count <= 16:
      var unsure: UInt64 = 0
      for string in strings { unsure |= holders(of: string, signatures) }
      return (0, unsure)
    case .stringIn, .lessString, .lessOrEqualString, .greaterString, .greaterOrEqualString:
      return (0, bits { signatures[$0] != 0 ? 1 : 0 })
    case .isTrue, .isFalse, .equalNumber, .lessNumber, .lessOrEqualNumber, .greaterNumber, .greaterOrEqualNumber,
      .numberIn:
      return (0, bits { signatures[$0] == .max ? 1 : 0 })
    }
  }

  private func holders(of string: UnsafeRawBufferPointer, _ signatures: UnsafePointer<UInt32>) -> UInt64 {
    let wanted = signature(string)
    return bits { signatures[$0] & wanted == wanted ? 1 : 0 }
  }
}
