import Testing
import VectorIndex

@Suite struct RowNumbersTests {
  private func numbers(_ row: [Float]) -> RowNumbers {
    RowNumbers.compute(row, dimensions: row.count)
  }

  @Test func norms() {
    #expect(numbers([3, 4]).norm == 5)
    #expect(numbers([3, 4]).defect == nil)
    #expect(numbers(Array(repeating: 1, count: 65536)).norm == 256)
    #expect(numbers([.leastNonzeroMagnitude]).norm == .leastNonzeroMagnitude)
    #expect(numbers([1e18]).defect == nil)
  }

  @Test func defects() {
    #expect(numbers([0, -0]).defect == .zero)
    #expect(numbers([1.1e18]).defect == .tooLarge)
    #expect(numbers([3e38, 3e38]).defect == .tooLarge)
    for bad in [Float.nan, .infinity, -.infinity] {
      for length in 1...40 {
        for at in 0..<length {
          var row = [Float](repeating: 1, count: length)
          row[at] = bad
          #expect(numbers(row).defect == .notFinite)
        }
      }
    }
  }
}
