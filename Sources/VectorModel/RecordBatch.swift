/// Records to write, checked: ids are valid, vectors finite and of the right dimension, and where ids come twice is known.
///
/// Ids and vectors are borrowed from the caller for one call; metadata has been parsed and is owned.
package struct RecordBatch: Sendable {
  package let ids: PackedStrings
  package let vectors: VectorRows
  package let metadata: MetadataBatch
  /// Which items name the same id, of which the last is written; nil when none repeats.
  package let selection: RepeatedIDs?

  package init(ids: PackedStrings, vectors: VectorRows, metadata: MetadataBatch, selection: RepeatedIDs?) {
    self.ids = ids
    self.vectors = vectors
    self.metadata = metadata
    self.selection = selection
  }

  /// Number of records it writes.
  package var recordCount: Int { ids.count - (selection?.supersededCount ?? 0) }

  /// Whether the item is the last of its id, the one that is written.
  package func isWritten(_ item: Int) -> Bool { selection?.next(after: item) == nil }
}
