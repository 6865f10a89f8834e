import CVectorDB
import Testing
import VectorModel

@testable import VectorDBC

@Suite struct InputStructTests {
  @Test func aShorterStructKeepsTheDefaultsOfItsMissingFields() throws {
    var raw = Defaults.search
    raw.struct_size = 16
    raw.flags = 0x10
    raw.k = 77
    raw.ef = 5
    let read = try inputStruct(&raw, defaults: Defaults.search, "options")
    #expect(read.flags == 0x10)
    // Of 16 bytes the last eight are k; ef begins behind them.
    #expect(read.k == 77)
    #expect(read.ef == 0)
  }

  @Test func aLongerStructIsFineOnlyWhileItsTailIsZero() throws {
    let size = MemoryLayout<vdb_call_options>.size
    var bytes = [UInt8](repeating: 0, count: size + 16)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(size + 16), as: UInt32.self) }
    func read() throws(VectorError) -> vdb_call_options {
      var result: Result<vdb_call_options, VectorError> = .failure(VectorError(.internal, ""))
      bytes.withUnsafeBytes { buffer in
        let pointer = buffer.baseAddress?.assumingMemoryBound(to: vdb_call_options.self)
        do throws(VectorError) { result = .success(try inputStruct(pointer, defaults: Defaults.call, "call")) } catch {
          result = .failure(error)
        }
      }
      return try result.get()
    }
    #expect(try read().timeout_ms == 0)
    bytes[size + 3] = 1
    #expect(throws: VectorError.self) { try read() }
  }

  @Test(arguments: [0, 1, 7, 4097, UInt32.max]) func anImpossibleSizeIsRefusedUnread(size: UInt32) {
    var raw = Defaults.page
    raw.struct_size = size
    #expect(throws: VectorError.self) { try inputStruct(&raw, defaults: Defaults.page, "options") }
  }

  @Test func statusNamesAndNumbersAreThoseOfTheHeader() {
    #expect(Status.invalidFilter.rawValue == VDB_E_INVALID_FILTER)
    #expect(Status.internal.rawValue == VDB_E_INTERNAL)
    for status in Status.allCases {
      let name = CVectorDB.vdb_status_name(status.rawValue).map { String(cString: $0) }
      #expect(name == "\(status.name)")
    }
    #expect(String(cString: CVectorDB.vdb_status_name(7)) == "VDB_E_UNKNOWN")
  }
}
