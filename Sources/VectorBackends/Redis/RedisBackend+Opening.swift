import Resilience
import Support
import VectorModel

extension RedisBackend {
  package func open(_ request: OpenRequest, context: CallContext) throws(VectorError) -> CollectionShape {
    let limit = try readLimit(context)
    if let info = try look(context) { return try opened(info, request, limit) }
    let shape = try request.shapeToCreate("index \(quoted(settings.index))")
    let isNew = try create(shape, request.index, context)
    guard let info = try isNew ? settled(context) : look(context) else {
      throw VectorError(.unavailable, "index \(quoted(settings.index)) was created and is gone again")
    }
    var request = request
    // Another one may have been faster; what is there decides.
    if isNew { request.mode = .createOrOpen }
    let found = try opened(info, request, limit)
    if isNew, info.records > 0 || info.isIndexing { try markOldRecords(context) }
    return found
  }

  private func opened(
    _ info: RedisIndexInfo, _ request: OpenRequest, _ limit: Int?
  ) throws(VectorError) -> CollectionShape {
    let index = try info.index(settings, request)
    state.open(index, maxResults: limit)
    return index.shape
  }

  /// What the server says of the index; nil when there is none.
  func look(_ kind: RequestKind = .openIndex, _ context: CallContext) throws(VectorError) -> RedisIndexInfo? {
    var commands = RedisCommands()
    commands.command("FT.INFO", settings.index)
    return try run(kind, context) { connection, context throws(AttemptFailure) in
      var answer: Result<RedisIndexInfo?, AttemptFailure> = .failure(RedisFailure.unexpected("no reply to FT.INFO"))
      try connection.exchange(commands, context) { reply in
        if let error = reply.error {
          answer = RedisFailure.saysAbsent(error) ? .success(nil) : .failure(RedisFailure.answered(error))
        } else if let info = RedisIndexInfo(reply) {
          answer = .success(info)
        } else {
          answer = .failure(RedisFailure.unexpected("FT.INFO tells no schema"))
        }
      }
      return try answer.get()
    }
  }

  private func look(_ context: CallContext) throws(VectorError) -> RedisIndexInfo? { try look(.openIndex, context) }

  /// The most results the server is set to give; nil where it does not say, or not to us.
  private func readLimit(_ context: CallContext) throws(VectorError) -> Int? {
    var commands = RedisCommands()
    commands.command("FT.CONFIG", "GET", "MAXSEARCHRESULTS")
    return try run(.openIndex, context) { connection, context throws(AttemptFailure) in
      var limit: Int?
      var failure: AttemptFailure?
      try connection.exchange(commands, context) { reply in
        var pair = reply.first?.elements
        _ = pair?.next()
        limit = pair?.next()?.integer
        // Without a password nothing else will work; who may not ask for settings may still search.
        if let error = reply.error {
          let answered = RedisFailure.answered(error)
          let status = (answered.cause as? VectorError)?.status
          if answered.kind != .refused || status == .unauthenticated { failure = answered }
        }
      }
      if let failure { throw failure }
      return limit
    }
  }

  // MARK: - Creating

  /// Creates the index; false when another one was faster.
  private func create(
    _ shape: CollectionShape, _ spec: IndexSpec, _ context: CallContext
  ) throws(VectorError) -> Bool {
    var commands = RedisCommands()
    let arguments = schema(shape, spec)
    commands.begin(1 + arguments.count)
    commands.add(word: "FT.CREATE")
    for argument in arguments { commands.add(argument) }
    return try run(.openIndex, context) { connection, context throws(AttemptFailure) in
      var answer: Result<Bool, AttemptFailure> = .success(true)
      try connection.exchange(commands, context) { reply in
        guard let error = reply.error else { return }
        let text = error.lowercased()
        let exists = text.contains("already exists") || text.contains("search_index_exists")
        answer = exists ? .success(false) : .failure(RedisFailure.answered(error))
      }
      return try answer.get()
    }
  }

  private func schema(_ shape: CollectionShape, _ spec: IndexSpec) -> [ByteString] {
    func number(_ value: Int) -> ByteString { ByteString("\(value)") }
    var vector: [ByteString] = ["TYPE", "FLOAT32", "DIM", number(shape.dimensions), "DISTANCE_METRIC"]
    switch shape.metric {
    case .cosine: vector.append("COSINE")
    case .l2: vector.append("L2")
    case .dot: vector.append("IP")
    }
    if spec.kind == .hnsw {
      if let m = spec.m { vector += ["M", number(m)] }
      if let candidates = spec.efConstruction { vector += ["EF_CONSTRUCTION", number(candidates)] }
    }
    var arguments: [ByteString] = [
      settings.index, "ON", "HASH", "PREFIX", "1", settings.newPrefix, "SCHEMA",
      settings.vectorField ?? RedisSettings.standardVectorField, "VECTOR", spec.kind == .hnsw ? "HNSW" : "FLAT",
      number(vector.count),
    ]
    arguments += vector
    arguments.append(RedisColumn.namespaceField)
    arguments += RedisColumn.tagSchema
    for (key, kind) in settings.declared { RedisColumn(key, kind).appendSchema(to: &arguments) }
    return arguments
  }

  /// What the server says of a new index once it has looked through the keys that were there before; after half a second
  /// whatever it says then.
  private func settled(_ context: CallContext) throws(VectorError) -> RedisIndexInfo? {
    let end = monotonicNanoseconds() &+ 500_000_000
    while true {
      guard let info = try look(context) else { return nil }
      if !info.isIndexing || monotonicNanoseconds() >= end { return info }
      try RedisPause.wait(milliseconds: 5, context)
    }
  }

  /// Records were there before the index: with them may be fields that no column was ever declared for.
  private func markOldRecords(_ context: CallContext) throws(VectorError) {
    try addFields([RedisColumn.oldRecordsField: RedisColumn.tagSchema], context)
  }

  // MARK: - Columns

  /// Makes sure that the index knows these columns: asks for its schema where one seems to be missing, then adds what is.
  func ensure(_ columns: [RedisColumn], _ context: CallContext) throws(VectorError) {
    var known = try state.opened.fields
    var missing = columns.filter { known[$0.field] == nil }
    if missing.isEmpty, !state.mustLook { return }
    try refresh(context)
    known = try state.opened.fields
    missing = missing.filter { known[$0.field] == nil }
    if missing.isEmpty { return }
    var fields: [ByteString: [ByteString]] = [:]
    for column in missing { fields[column.field] = column.kind == .number ? ["NUMERIC"] : RedisColumn.tagSchema }
    try addFields(fields, context)
  }

  /// Learns of columns that others added.
  func refresh(_ context: CallContext) throws(VectorError) {
    guard let info = try look(.schema, context) else {
      state.doubt()
      throw VectorError(.notFound, "index \(quoted(settings.index)) is gone")
    }
    let known = try state.opened
    let found = try info.index(settings, OpenRequest())
    guard found.shape == known.shape, found.keys == known.keys, found.vectorField == known.vectorField else {
      throw VectorError(.conflict, "index \(quoted(settings.index)) was made anew in another form: open it again")
    }
    state.add(info.fields)
  }

  /// Adds fields to the index. Another process may add some of them at the same time: then the rest is tried again.
  private func addFields(_ fields: [ByteString: [ByteString]], _ context: CallContext) throws(VectorError) {
    var missing = fields
    for _ in 0..<8 where !missing.isEmpty {
      var commands = RedisCommands()
      // Fields that no record can have yet need not be looked for in all of them.
      let skips = try !state.opened.hasOldRecords
      commands.begin(4 + (skips ? 1 : 0) + missing.values.reduce(0) { $0 + 1 + $1.count })
      commands.add(word: "FT.ALTER")
      commands.add(settings.index)
      if skips { commands.add(word: "SKIPINITIALSCAN") }
      commands.add(word: "SCHEMA")
      commands.add(word: "ADD")
      for (name, schema) in missing {
        commands.add(name)
        for word in schema { commands.add(word) }
      }
      let isDuplicate = try run(.schema, context) { connection, context throws(AttemptFailure) in
        var answer: Result<Bool, AttemptFailure> = .success(false)
        try connection.exchange(commands, context) { reply in
          guard let error = reply.error else { return }
          answer = error.contains("Duplicate field") ? .success(true) : .failure(Self.refusal(error))
        }
        return try answer.get()
      }
      if !isDuplicate {
        state.add(
          missing.reduce(into: [:]) { fields, field in
            let kind: RedisField.Kind = field.value == ["NUMERIC"] ? .numeric : .tag
            fields[field.key] = RedisField(
              identifier: field.key, kind: kind, separator: kind == .tag ? RedisTag.separator : nil)
          })
        return
      }
      try refresh(context)
      let known = try state.opened.fields
      missing = missing.filter { known[$0.key] == nil }
    }
    guard missing.isEmpty else {
      throw VectorError(.conflict, "others keep adding fields to index \(quoted(settings.index)): try again")
    }
  }

  private static func refusal(_ error: String) -> AttemptFailure {
    guard error.contains("limited to") else { return RedisFailure.answered(error) }
    return RedisFailure.refused(
      VectorError(
        .tooLarge, "an index of Redis has at most 1024 fields, and each key of metadata needs one for each of its types"
      ))
  }
}

/// Waiting between two questions.
enum RedisPause {
  /// Errors: `cancelled`, `timeout`.
  static func wait(milliseconds: UInt64, _ context: CallContext) throws(VectorError) {
    let end = monotonicNanoseconds() &+ milliseconds &* 1_000_000
    let parking = SystemEnvironment.shared.makeParking()
    _ = parking.park(until: min(end, context.deadline ?? .max), cancel: context.cancel)
    if let interruption = context.interruption() { throw VectorError(interruption) }
  }
}

extension RequestKind {
  static let openIndex = RequestKind("open", .control)
  /// Asking for the schema, or adding to it, while something else is done.
  static let schema = RequestKind("schema", .control)
}
