import Support
import VectorModel

/// What a call that did not fail gives.
package enum CallAnswer: Sendable {
  case nothing
  case database(Database)
  case results(ResultColumns)
  case report(WriteOutcome)
  case count(UInt64, exact: Bool)
  /// A JSON document.
  case document(ColumnBuffer<UInt8>)

  package var database: Database? { if case .database(let database) = self { database } else { nil } }
  package var results: ResultColumns? { if case .results(let results) = self { results } else { nil } }
  package var report: WriteOutcome? { if case .report(let report) = self { report } else { nil } }
  package var count: (number: UInt64, isExact: Bool)? {
    if case .count(let number, let isExact) = self { (number, isExact) } else { nil }
  }
  package var document: ColumnBuffer<UInt8>? { if case .document(let text) = self { text } else { nil } }

  /// A document that `write` writes. Errors: `outOfMemory`, those of `write`.
  package static func json(
    _ write: (inout JSONWriter) throws(VectorError) -> Void
  ) throws(VectorError) -> CallAnswer {
    var json = JSONWriter()
    try write(&json)
    guard !json.failed else { throw .resultOutOfMemory }
    return .document(json.output)
  }

  /// For messages.
  var name: String {
    switch self {
    case .nothing: "nothing but a status"
    case .database: "a database"
    case .results: "results"
    case .report: "a report"
    case .count: "a count"
    case .document: "a document"
    }
  }
}
