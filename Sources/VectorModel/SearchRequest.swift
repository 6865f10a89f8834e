import Support

/// A checked search: queries are finite and of the database's dimension, `k ≥ 1`.
package struct SearchRequest: Sendable {
  package var queries: VectorRows
  package var k: Int
  /// nil = every record.
  package var filter: Filter?
  package var include: Include
  /// Force exact neighbours.
  package var exact = false
  /// Candidate list of an approximate index, nil = chosen by the index.
  package var ef: Int?
  /// Drop hits farther than this.
  package var maxDistance: Double?
  /// Drop hits scoring lower than this.
  package var minScore: Double?
  /// Options of one backend alone, an object whose names the backend declares; nil = none.
  package var extra: JSONDocument?
  /// Record to leave out of the answer: the one a search by id starts from.
  package var excludedID: ByteString?

  package init(queries: VectorRows, k: Int, filter: Filter?, include: Include) {
    self.queries = queries
    self.k = k
    self.filter = filter
    self.include = include
  }
}

/// A checked request for one page of records.
package struct PageRequest: Sendable {
  package var limit: Int
  /// Where to go on, empty = from the start.
  package var token: [UInt8]
  package var filter: Filter?
  package var include: Include

  package init(limit: Int, token: [UInt8], filter: Filter?, include: Include) {
    self.limit = limit
    self.token = token
    self.filter = filter
    self.include = include
  }
}
