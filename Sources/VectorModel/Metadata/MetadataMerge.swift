import Support

extension MetadataEncoding {
  /// Appends `base` changed by `patch`: keys of the patch replace in place or are added at the end, `remove` takes away.
  ///
  /// Throws `tooLarge` when the record would exceed its limit and `outOfMemory`; `output` is then as before. O(bytes).
  package static func merge(
    base: UnsafeRawBufferPointer, patch: UnsafeRawBufferPointer, into output: ColumnBuffer<UInt8>
  ) throws(VectorError) {
    let start = output.count
    do throws(VectorError) {
      let changes = try PatchIndex(patch)
      guard output.reserve(base.count + patch.count) else { throw outOfMemory }
      for field in fields(of: base) {
        let replacement = changes.take(field.key) ?? field
        if case .remove = replacement.value { continue }
        guard output.append(bytes: replacement.encoded) else { throw outOfMemory }
      }
      for (number, field) in changes.fields.elements.enumerated() where changes.isTaken.elements[number] == 0 {
        if case .remove = field.value { continue }
        guard output.append(bytes: field.encoded) else { throw outOfMemory }
      }
      let size = output.count - start
      if size > maxBytes {
        throw VectorError(.tooLarge, "metadata would grow to \(size) bytes: a record holds at most \(maxBytes)")
      }
    } catch {
      output.truncate(to: start)
      throw error
    }
  }

  static let outOfMemory = VectorError(.outOfMemory, "not enough memory for metadata")

  /// The fields of a patch by key. Few keys are compared one by one, many through a hash table.
  private final class PatchIndex {
    let fields = ColumnBuffer<Field>()
    let isTaken = ColumnBuffer<UInt8>()
    private var table: ByteIndexTable?

    init(_ patch: UnsafeRawBufferPointer) throws(VectorError) {
      for field in MetadataEncoding.fields(of: patch) {
        guard fields.append(field), isTaken.append(0) else { throw outOfMemory }
      }
      guard fields.count > 8 else { return }
      guard var table = ByteIndexTable(count: fields.count) else { throw outOfMemory }
      let elements = fields.elements
      for index in elements.indices {
        _ = table.insert(elements[index].key, index: index, stored: { elements[$0].key })
      }
      self.table = consume table
    }

    /// The change of a key, marked as used.
    func take(_ key: UnsafeRawBufferPointer) -> Field? {
      let elements = fields.elements
      let found =
        switch table {
        case .some(let table): table.find(key, stored: { elements[$0].key })
        case .none: elements.firstIndex { compareBytes($0.key, key) == 0 }
        }
      guard let found else { return nil }
      isTaken.base?[found] = 1
      return elements[found]
    }
  }
}
