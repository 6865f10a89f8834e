import FoundationEssentials
import Resilience
import Support
import VectorModel

extension MilvusBackend {
  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let collection = try collection()
    let place = MilvusPlace(namespace)
    try MilvusRows.check(batch, collection, place)
    if let partition = collection.partition(place) { try preparePartition(partition, .upsert, context) }
    var write = ChunkedWrite()
    var pace = Pace(context)
    var item = 0
    while item < batch.ids.count, write.goesOn {
      var rows = MilvusRows(collection, place)
      while item < batch.ids.count, !rows.isFull {
        if batch.isWritten(item), let vector = batch.vectors.row(item) {
          try pace.spend(bytes: 100 + collection.shape.dimensions * 2)
          try batch.metadata.withEntry(item) { (entry) throws(VectorError) in
            try pace.spend(bytes: 2 * entry.count)
            try rows.append(id: batch.ids[item], vector: vector, entry: entry)
          }
        }
        item += 1
      }
      write.attempt(upTo: item) { () throws(VectorError) in try send(rows, place, context) }
    }
    return try write.outcome(batch.ids.count, batch.selection)
  }

  private func send(_ rows: MilvusRows, _ place: MilvusPlace, _ context: CallContext) throws(VectorError) {
    if rows.count == 0 { return }
    let frame = HTTPBody.rows(try rows.frame(settings))
    try alone(context) { () throws(VectorError) in
      do throws(VectorError) {
        let _: MilvusProtoMutationResult = try requests.call(.upsert, .upsert, frame: frame, context)
      } catch {
        // Perhaps the partition alone is gone.
        guard error.status == .notFound, !place.namespace.isEmpty else { throw error }
        forgetPartition(place.partition)
        try preparePartition(place.partition, .upsert, context)
        let _: MilvusProtoMutationResult = try requests.call(.upsert, .upsert, frame: frame, context)
      }
    }
  }

  // MARK: - Metadata

  /// Milvus has no such call: rows are read, changed and written whole. All ids are looked for before anything is written.
  package func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let collection = try collection()
    let place = MilvusPlace(namespace)
    let repeated = try RepeatedIDs(ids, context: context)
    let step = MilvusReading.rowsARequest(collection, .vectors)
    for start in stride(from: 0, to: ids.count, by: MilvusReading.idsARequest) {
      let range = start..<min(start + MilvusReading.idsARequest, ids.count)
      let rows = try fetchToUpdate(ids, range, place, [], context)
      for item in range where rows?[ids[item]] == nil {
        var error = VectorError(.notFound, "there is no record \(quoted(ids[item]))", index: item)
        error.details = VectorError.RemoteDetails(applied: .no)
        throw error
      }
    }
    var write = ChunkedWrite()
    for start in stride(from: 0, to: ids.count, by: step) where write.goesOn {
      let range = start..<min(start + step, ids.count)
      write.attempt(upTo: range.upperBound) { () throws(VectorError) in
        try update(ids, range, changes, repeated, replace: replace, place, context)
      }
    }
    return try write.outcome(ids.count, repeated, byFirst: true)
  }

  /// Rows in their newest state, since they are written again. What fails here has changed nothing.
  private func fetchToUpdate(
    _ ids: PackedStrings, _ range: Range<Int>, _ place: MilvusPlace, _ include: Include, _ context: CallContext
  ) throws(VectorError) -> MilvusFetched? {
    do throws(VectorError) {
      return try fetch(ids, range, place, include, .strong, .readToUpdate, context)
    } catch {
      var error = error
      var details = error.details ?? VectorError.RemoteDetails()
      details.applied = .no
      error.details = details
      throw error
    }
  }

  /// Changes the records that a range of the batch names for the first time, by all that the batch says of them.
  private func update(
    _ ids: PackedStrings, _ range: Range<Int>, _ changes: MetadataBatch, _ repeated: RepeatedIDs?, replace: Bool,
    _ place: MilvusPlace, _ context: CallContext
  ) throws(VectorError) {
    let collection = try collection()
    let found = try fetchToUpdate(ids, range, place, [.metadata, .vectors], context)
    let entries = try found?.entries(context)
    var rows = MilvusRows(collection, place)
    for item in range where repeated?.isFirst(item) ?? true {
      guard let found, let entries, let row = found[ids[item]] else {
        throw VectorError(.notFound, "the record \(quoted(ids[item])) was deleted meanwhile", index: item)
      }
      let vector = try found.rows.vector(row)
      let entry = ColumnBuffer<UInt8>()
      if !replace {
        let isCopied = entries.withEntry(row) { entry.append(bytes: $0) }
        if !isCopied { throw .resultOutOfMemory }
      }
      let changed = try merged(entry, item, changes, repeated, replace: replace)
      if let base = vector.base {
        try rows.append(
          id: ids[item], vector: base, owner: vector, entry: UnsafeRawBufferPointer(changed.elements))
      }
      withExtendedLifetime(changed) {}
      if rows.isFull {
        try send(rows, place, context)
        rows = MilvusRows(collection, place)
      }
    }
    try send(rows, place, context)
  }

  /// Metadata after all changes that a batch holds for the record of `first`; with `replace` the last of them alone.
  private func merged(
    _ entry: ColumnBuffer<UInt8>, _ first: Int, _ changes: MetadataBatch, _ repeated: RepeatedIDs?, replace: Bool
  ) throws(VectorError) -> ColumnBuffer<UInt8> {
    var present = entry
    var item: Int? = first
    while let current = item {
      item = repeated?.next(after: current)
      if replace, item != nil { continue }
      let next = ColumnBuffer<UInt8>()
      do throws(VectorError) {
        try changes.withEntry(current) { (patch) throws(VectorError) in
          try MetadataEncoding.merge(base: UnsafeRawBufferPointer(present.elements), patch: patch, into: next)
        }
      } catch {
        var error = error
        error.index = current
        throw error
      }
      withExtendedLifetime(present) {}
      present = next
    }
    return present
  }

  // MARK: - Deleting

  /// Milvus counts the ids it was told, not the records there were, so no number is given.
  package func delete(
    ids: PackedStrings, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let place = MilvusPlace(namespace)
    guard let partition = try partitionToRead(place, .delete, context) else { return WriteOutcome(applied: ids.count) }
    let field = try collection().idField
    var write = ChunkedWrite()
    for start in stride(from: 0, to: ids.count, by: MilvusReading.idsARequest) where write.goesOn {
      let range = start..<min(start + MilvusReading.idsARequest, ids.count)
      write.attempt(upTo: range.upperBound) { () throws(VectorError) in
        _ = try delete(MilvusReading.expression(field, ids, range, place), partition, .delete, context)
      }
    }
    return try write.outcome(ids.count, nil)
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let collection = try collection()
    let place = MilvusPlace(namespace)
    let condition = try MilvusFilter(collection.dialect).compile(filter.expression)
    guard let partition = try partitionToRead(place, .deleteWhere, context), condition != .always(false) else {
      return WriteOutcome(applied: 0, deleted: 0)
    }
    let expression = MilvusReading.expression(collection, place, condition)
    let deleted = try delete(expression, partition, .deleteWhere, context)
    return WriteOutcome(applied: deleted, deleted: deleted)
  }

  package func clear(namespace: ByteString, context: CallContext) throws(VectorError) {
    let place = MilvusPlace(namespace)
    guard let partition = try partitionToRead(place, .clear, context) else { return }
    let expression = MilvusReading.expression(try collection(), place, .always(true))
    _ = try delete(expression, partition, .clear, context)
  }

  /// Deletes what an expression matches; returns how many records Milvus says that was.
  private func delete(
    _ expression: [UInt8], _ partition: String, _ kind: RequestKind, _ context: CallContext
  ) throws(VectorError) -> Int {
    var request = MilvusProtoDeleteRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    request.partitionName = partition
    request.expr = .init(expression)
    let answer: MilvusProtoMutationResult = try alone(context) { () throws(VectorError) in
      // By a condition it reads first.
      try loaded(context) { () throws(VectorError) in try requests.call(kind, .delete, request, context) }
    }
    return Int(clamping: max(answer.deleteCnt, 0))
  }
}
