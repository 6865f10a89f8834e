import Support
import Testing

@testable import VectorBackends

/// Frames around messages.
@Suite struct GRPCFrameTests {
  private func message(_ body: [UInt8]) throws(GRPCFrame.Defect) -> [UInt8] {
    let result: Result<[UInt8], GRPCFrame.Defect> = body.withUnsafeBytes { bytes in
      do throws(GRPCFrame.Defect) { return .success(Array(try GRPCFrame.message(of: bytes))) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  @Test func whatIsFramedIsReadAgain() throws {
    let frame = try #require(GRPCFrame.begin(size: 3))
    #expect(frame.append(7) && frame.append(8) && frame.append(9))
    #expect(GRPCFrame.finish(frame))
    let bytes = Array(frame.elements)
    #expect(bytes == [0, 0, 0, 0, 3, 7, 8, 9])
    #expect(try message(bytes) == [7, 8, 9])
    #expect(try message([0, 0, 0, 0, 0]).isEmpty)
  }

  @Test(
    arguments: [
      ([], GRPCFrame.Defect.cut), ([0, 0, 0, 0], .cut), ([0, 0, 0, 0, 2, 1], .cut), ([0, 255, 255, 255, 255, 1], .cut),
      ([1, 0, 0, 0, 1, 1], .compressed), ([0, 0, 0, 0, 1, 1, 0], .tooMany),
    ] as [([UInt8], GRPCFrame.Defect)])
  func whatIsNoSingleMessageIsRefused(_ body: [UInt8], _ defect: GRPCFrame.Defect) {
    #expect(throws: defect) { try message(body) }
  }
}
