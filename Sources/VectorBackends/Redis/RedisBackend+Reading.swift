import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Records of one request.
  private static let idsAtOnce = 1000

  package func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let index = try state.opened
    try check(namespace, index)
    let results = try ResultColumns(kind: .get, dimensions: index.shape.dimensions, include: include)
    let projection = RedisProjection(index, include, tellsPresence: true)
    var start = 0
    while start < ids.count {
      let slice = start..<min(start + Self.idsAtOnce, ids.count)
      let mark = results.mark
      var commands = RedisCommands()
      for item in slice { commands.add(recordOf: ids[item], index, namespace, projection) }
      try run(.get, context) { connection, context throws(AttemptFailure) in
        results.truncate(to: mark)
        try connection.askAll(commands, context) { (number, reply) throws(AttemptFailure) in
          let id = ids[slice.lowerBound + number]
          let values = Array(reply.elements.map(Optional.some))
          let isFound = projection.isRecord(values)
          do throws(VectorError) {
            if isFound {
              try projection.append(id: id, values, to: results)
            } else if !results.append(missing: id) {
              throw .resultOutOfMemory
            }
            guard results.found.append(isFound ? 1 : 0) else { throw .resultOutOfMemory }
          } catch { throw AttemptFailure(reading: error) }
        }
      }
      start = slice.upperBound
    }
    try results.endQuery()
    return results
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> (count: UInt64, exact: Bool) {
    let index = try state.opened
    try check(namespace, index)
    var query = try compiled(filter, context)
    if query.matching == .none { return (0, true) }
    if index.isOurs { query.restrict(to: namespace) }
    let count = try run(.count, context) { connection, context throws(AttemptFailure) in
      var commands = RedisCommands()
      commands.add(search: query, settings.index, limit: 0, context)
      return try connection.ask(commands, context) { (reply) throws(AttemptFailure) in
        guard let total = reply.first?.integer, let count = UInt64(exactly: total) else {
          throw RedisFailure.unexpected("FT.SEARCH gives no total")
        }
        return count
      }
    }
    return (count, true)
  }
}

extension RedisCommands {
  /// Reads the fields of one record.
  mutating func add(
    recordOf id: UnsafeRawBufferPointer, _ index: RedisIndex, _ namespace: ByteString, _ projection: RedisProjection
  ) {
    begin(2 + projection.fields.count)
    add(word: "HMGET")
    add(index.keys, namespace, id)
    for field in projection.fields { add(field) }
  }

  /// Looks for the keys of matching records, at most so many; the reply begins with their total.
  mutating func add(search query: RedisQuery, _ index: ByteString, limit: Int, _ context: CallContext) {
    let parameters = 2 * query.parameters.count
    begin(3 + (parameters > 0 ? 2 + parameters : 0) + 1 + 3 + 2 + 2)
    add(word: "FT.SEARCH")
    add(index)
    add(ByteString(query.queryText))
    if parameters > 0 {
      add(word: "PARAMS")
      add(parameters)
      add(query.parameters)
    }
    add(word: "NOCONTENT")
    add(word: "LIMIT")
    add(word: "0")
    add(limit)
    addBounds(context)
  }
}
