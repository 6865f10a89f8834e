import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// The backend against a server that answers as a script says: what a real one does rarely, or never.
@Suite struct ChromaServerTests {
  private static let id = "11111111-2222-3333-4444-555555555555"
  private static let other = "99999999-2222-3333-4444-555555555555"

  private static func collection(_ id: String = ChromaServerTests.id, _ rest: String = #""dimension": 2"#) -> String {
    #"{"id": "\#(id)", "name": "docs", "configuration_json": {"hnsw": {"space": "l2"}}, "metadata": {"_vdb_dimensions": 2}, \#(rest)}"#
  }

  private static let opening: [ScriptedServer.Step] = [
    .read, answer("200 OK", #"{"max_batch_size": 3, "supports_base64_encoding": true}"#),
    .read, answer("200 OK", collection()),
  ]

  private func backend(_ server: ScriptedServer) throws -> ChromaBackend {
    let settings = ChromaSettings(
      endpoint: HTTPEndpoint(scheme: .http, host: "127.0.0.1", port: server.port), tenant: "t", database: "d",
      collection: "docs")
    let pool = Pool(try HTTPConnectionFactory(settings.endpoint), PoolSettings(), SystemEnvironment.shared)
    let endpoint = Endpoint(identity: ByteString([]), connections: pool, environment: SystemEnvironment.shared)
    return ChromaBackend(settings, RequestExecutor(endpoint))
  }

  /// A backend that has been opened, and a server that goes on with the rest of the script.
  private func opened(_ rest: [ScriptedServer.Step]) throws -> (ChromaBackend, ScriptedServer) {
    let server = try ScriptedServer(Self.opening + rest)
    let backend = try backend(server)
    #expect(
      try backend.open(OpenRequest(), context: ending(after: 5000)) == CollectionShape(dimensions: 2, metric: .l2))
    return (backend, server)
  }

  private func search(
    _ backend: ChromaBackend, k: Int = 2, namespace: ByteString = "", include: Include = []
  ) throws -> ResultColumns {
    let query: [Float] = [0.1, -2]
    return try query.withUnsafeBytes { bytes in
      let rows = VectorRows(base: bytes.baseAddress, count: 1, dimensions: 2, strideBytes: 8)
      return try backend.search(
        SearchRequest(queries: rows, k: k, filter: nil, include: include), namespace: namespace,
        context: ending(after: 5000))
    }
  }

  private func ids(_ results: ResultColumns) -> [String] {
    (0..<results.rowCount).map { row in
      let (from, to) = (Int(results.idOffsets.elements[row]), Int(results.idOffsets.elements[row + 1]))
      return String(decoding: results.ids.elements[from..<to], as: UTF8.self)
    }
  }

  @Test func hitsAreSortedAndTheirNumbersConverted() throws {
    let (backend, server) = try opened([
      .read, answer("200 OK", #"{"ids": [["c", "b", "a"]], "distances": [[4, 0.25, 0.25]]}"#),
    ])
    defer { server.stop() }
    let results = try search(backend, k: 3)
    #expect(ids(results) == ["a", "b", "c"])
    #expect(Array(results.distances.elements) == [0.5, 0.5, 2])
    #expect(results.scores.elements[2] == Float(1) / 3)
    let sent = server.requests[2]
    #expect(sent.hasPrefix("POST /api/v2/tenants/t/databases/d/collections/\(Self.id)/query HTTP/1.1"))
    #expect(sent.hasSuffix(#"{"query_embeddings":[[0.100000001,-2]],"n_results":3,"include":["distances"]}"#))
  }

  @Test func recordsOfANamespaceInTheDefaultOneMakeTheSearchSayWhichItMeans() throws {
    let (backend, server) = try opened([
      .read, answer("200 OK", #"{"ids": [["_vdb:1:t:a", "b"]], "distances": [[1, 4]]}"#),
      .read, answer("200 OK", #"{"ids": [["b", "c"]], "distances": [[4, 9]]}"#),
      .read, answer("200 OK", #"{"ids": [["b"]], "distances": [[4]]}"#),
    ])
    defer { server.stop() }
    #expect(ids(try search(backend)) == ["b", "c"])
    #expect(ids(try search(backend)) == ["b"])
    #expect(!server.requests[2].contains("where"))
    #expect(server.requests[3].contains(#""where":{"_vdb_named":{"$ne":true}}"#))
    #expect(server.requests[4].contains("_vdb_named"))
  }

  @Test func aCollectionThatWasMadeAnewIsFoundByItsNameOnce() throws {
    let missing = answer("404 Not Found", #"{"error": "NotFoundError", "message": "gone"}"#)
    let (backend, server) = try opened([
      .read, missing, .read, answer("200 OK", Self.collection(Self.other)), .read, answer("200 OK", "7"),
      .read, missing, .read, missing,
    ])
    defer { server.stop() }
    #expect(try backend.total(.count, ending(after: 5000)) == 7)
    #expect(server.requests[4].hasPrefix("GET /api/v2/tenants/t/databases/d/collections/\(Self.other)/count"))
    let error = #expect(throws: VectorError.self) { try backend.total(.count, ending(after: 5000)) }
    #expect(error?.status == .notFound)
  }

  @Test func aCollectionOfAnotherShapeIsNotTaken() throws {
    let found = Self.collection(Self.other, #""dimension": 3"#)
    let (backend, server) = try opened([
      .read, answer("404 Not Found", "{}"), .read, answer("200 OK", found),
    ])
    defer { server.stop() }
    let error = #expect(throws: VectorError.self) { try backend.total(.count, ending(after: 5000)) }
    #expect(error?.status == .conflict)
  }

  @Test(arguments: [
    "", "null", "[]", "7", #"{"ids": []}"#, #"{"ids": [["a"]], "distances": [[]]}"#,
    #"{"ids": [["a"]], "distances": [["x"]]}"#, #"{"ids": [[1]], "distances": [[1]]}"#,
    #"{"ids": [["a"], ["b"]], "distances": [[1], [2]]}"#, #"{"ids": {"a": 1}, "distances": [[1]]}"#,
    #"{"ids": [["a"]], "distances": null}"#, #"{"ids": [["_vdb:1:t:a"]], "distances": [[1]]}"#, "<html>",
  ])
  func aSearchThatIsAnsweredWithNonsenseIsAProtocolError(_ body: String) throws {
    let (backend, server) = try opened([.read, answer("200 OK", body), .read, answer("200 OK", body)])
    defer { server.stop() }
    let error = #expect(throws: VectorError.self) { try search(backend) }
    #expect(error?.status == .protocolViolation)
  }

  @Test(arguments: [
    #"{"ids": ["a"]}"#, #"{"ids": ["a"], "metadatas": [], "embeddings": [[1, 2]]}"#,
    #"{"ids": ["a"], "metadatas": [null], "embeddings": [[1]]}"#,
    #"{"ids": ["a"], "metadatas": [null], "embeddings": [[1, "x"]]}"#,
    #"{"ids": ["a"], "metadatas": [null], "embeddings": [null]}"#, #"{"ids": [null], "metadatas": [null]}"#,
  ])
  func recordsThatAreNoneAreAProtocolError(_ body: String) throws {
    let (backend, server) = try opened([.read, answer("200 OK", body)])
    defer { server.stop() }
    let error = #expect(throws: VectorError.self) {
      try packed(["a"]) { ids in
        try backend.get(ids: ids, include: [.metadata, .vectors], namespace: "", context: ending(after: 5000))
      }
    }
    #expect(error?.status == .protocolViolation)
  }

  @Test func metadataOfOthersComesThroughWithoutWhatIsNone() throws {
    let body =
      #"{"ids": ["x", "b"], "metadatas": [null, {"big": 9007199254740993, "f": 2.0, "s": "\u0000", "o": {"a": 1}, "#
      + #""_vdb_ns": "t", "_vdb_l:tags": "[\"a\",\"b\"]", "_vdb_i:4:tags:a": true, "_vdb_l:bad": "}{", "arr": ["q"]}]}"#
    let (backend, server) = try opened([.read, answer("200 OK", body)])
    defer { server.stop() }
    let results = try packed(["b", "zz"]) { ids in
      try backend.get(ids: ids, include: .metadata, namespace: "", context: ending(after: 5000))
    }
    #expect(Array(results.found.elements) == [1, 0])
    let text = String(decoding: results.metadata.elements, as: UTF8.self)
    #expect(text == #"{"big":9007199254740993,"f":2,"s":"\u0000","tags":["a","b"]}"#)
  }

  @Test func whatIsUpsertedReplacesTheKeysOfBefore() throws {
    let (backend, server) = try opened([
      .read, answer("200 OK", #"{"ids": ["a"], "metadatas": [{"old": 1, "n": 2, "_vdb_l:k": "[]", "_vdb_ns": "t"}]}"#),
      .read, answer("200 OK", "{}"),
      .read, answer("200 OK", #"{"ids": [], "metadatas": []}"#), .read, answer("500 Internal Server Error", "{}"),
      .read, answer("503 Service Unavailable", "{}"), .read, answer("500 Internal Server Error", "{}"),
    ])
    defer { server.stop() }
    let vectors: [Float] = [1, 2, 1, 2, 1, 2, 1, 2]
    let outcome = try vectors.withUnsafeBytes { bytes in
      try packed(["a", "b", "c", "d"]) { ids in
        let metadata = try Array(#"[{"n": 3}, null, {"k": ["x"]}, null]"#.utf8).withUnsafeBytes {
          try MetadataBatch.parse(json: $0, count: 4, patches: false)
        }
        let rows = VectorRows(base: bytes.baseAddress, count: 4, dimensions: 2, strideBytes: 8)
        return try backend.upsert(
          RecordBatch(ids: ids, vectors: rows, metadata: metadata, selection: nil), namespace: "",
          context: ending(after: 20_000))
      }
    }
    // The server takes three at once.
    let vector = #""AACAPwAAAEA=""#
    // In which order keys are taken away is left open.
    #expect(
      [#""old":null,"_vdb_l:k":null"#, #""_vdb_l:k":null,"old":null"#].contains { gone in
        server.requests[3].hasSuffix(
          #"{"ids":["a","b","c"],"metadatas":[{"n":3,\#(gone)},null,{"_vdb_l:k":"[\"x\"]","_vdb_i:1:k:x":true}],"#
            + #""embeddings":[ \#(vector),\#(vector),\#(vector)]}"#)
      })
    #expect(outcome.applied == 3)
    #expect(outcome.failures.items.elements.map(\.index) == [3])
    #expect(outcome.failures.reason(outcome.failures.items.elements[0]).status == .unavailable)
  }

  @Test func creatingSaysWhatTheCollectionIs() throws {
    let server = try ScriptedServer([
      .read, answer("404 Not Found", "not here"), .read, answer("404 Not Found", #"{"message": "no"}"#),
      .read, answer("200 OK", Self.collection()),
    ])
    defer { server.stop() }
    let shape = try backend(server).open(
      OpenRequest(dimensions: 2, metric: .dot, index: IndexSpec(.hnsw, m: 8)), context: ending(after: 5000))
    #expect(shape == CollectionShape(dimensions: 2, metric: .dot))
    #expect(
      server.requests[2].hasSuffix(
        #"{"name":"docs","get_or_create":false,"metadata":{"_vdb_dimensions":2},"configuration":{"hnsw":{"space":"ip","max_neighbors":8}}}"#
      ))
  }

  @Test func anIdentifierThatIsNoneNeverBecomesAPath() throws {
    let server = try ScriptedServer([
      .read, answer("200 OK", "{}"), .read, answer("200 OK", Self.collection("../../../../../api/v2/reset/00000000")),
    ])
    defer { server.stop() }
    let error = #expect(throws: VectorError.self) {
      try backend(server).open(OpenRequest(), context: ending(after: 5000))
    }
    #expect(error?.status == .protocolViolation)
  }
}

/// Lends strings out as the C interface would.
private func packed<Result>(_ strings: [String], _ body: (PackedStrings) throws -> Result) rethrows -> Result {
  var offsets: [UInt64] = [0]
  var bytes: [UInt8] = []
  for string in strings {
    bytes += Array(string.utf8)
    offsets.append(UInt64(bytes.count))
  }
  return try bytes.withUnsafeBytes { bytes in
    try offsets.withUnsafeBufferPointer { offsets in
      try body(PackedStrings(bytes: bytes.baseAddress, offsets: offsets.baseAddress, count: strings.count))
    }
  }
}
