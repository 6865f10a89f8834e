import VectorKernels

/// What is derived from a row once, when it is stored: its norm, and what is wrong with it.
package struct RowNumbers: Sendable {
  /// Euclidean norm, rounded to float32. To be kept beside the row: `RowBlock.norms`.
  package let norm: Float
  package let defect: Defect?

  /// Why a row may not be stored. `zero` matters to cosine alone.
  package enum Defect: Sendable {
    /// A component is NaN or infinite.
    case notFinite
    /// The norm is above `RowNumbers.largestNorm`.
    case tooLarge
    /// Every component is zero.
    case zero
  }

  /// Largest norm of a row or query: its square, and sums of two squares, stay inside float32.
  package static let largestNorm = 1e18

  /// Reads a row of `dimensions` floats once; it needs no alignment. About as fast as memory.
  package static func compute(_ row: UnsafeRawPointer, dimensions: Int) -> RowNumbers {
    let square = KernelTable.active.squaredNorm(row, dimensions: dimensions)
    let defect: Defect? =
      if !square.isFinite { .notFinite } else if square > largestNorm * largestNorm { .tooLarge } else if square == 0 {
        .zero
      } else { nil }
    return RowNumbers(norm: Float(square.squareRoot()), defect: defect)
  }
}
