import Glibc
import Support
import Testing
import VectorBackends
import VectorModel

@testable import VectorDB

private func parse(_ json: String) throws -> DatabaseOptions {
  try withBytes(of: ByteString(json)) { (bytes) throws(VectorError) in try DatabaseOptions.parse(bytes) }
}

private func failure(_ json: String) -> VectorError? {
  do {
    _ = try parse(json)
    return nil
  } catch { return error as? VectorError }
}

@Suite struct OptionsTests {
  @Test func whatIsGivenCountsAndTheRestHasDefaults() throws {
    let options = try parse(#"{"dimensions": 384, "metric": "euclidean", "namespace": "t1", "timeout": 1.5}"#)
    #expect(options.dimensions == 384)
    #expect(options.metric == .l2)
    #expect(options.namespace == "t1")
    #expect(options.timeout == 1500)
    #expect(options.backend == .memory)
    #expect(options.index == IndexSpec())
    #expect(options.mode == .createOrOpen)
    #expect(options.threads == DatabaseOptions.processors)
    #expect(options.given == ["dimensions", "metric", "namespace", "timeout"])
  }

  @Test(arguments: [
    (#"{"dimensions": 3, "metrik": "l2"}"#, Status.invalidOption, "\"metric\""),
    (#"{"dimensions": 3, "api_key": "s3cret"}"#, .invalidOption, "does not apply"),
    (#"{"dimensions": 3, "metric": "cosin"}"#, .invalidOption, "\"cosine\""),
    (#"{"dimensions": 0}"#, .invalidOption, "1 to 65536"),
    (#"{"dimensions": 65537}"#, .invalidOption, "65537"),
    (#"{"dimensions": 3.5}"#, .invalidOption, "3.5"),
    (#"{"dimensions": 1e300}"#, .invalidOption, "1e+300"),
    (#"{"dimensions": "3"}"#, .invalidOption, "\"3\""),
    (#"{"dimensions": 3, "dimensions": 4}"#, .invalidOption, "twice"),
    (#"{"dimensions": 3, "threads": 0}"#, .invalidOption, "threads"),
    (#"{"dimensions": 3, "timeout": -1}"#, .invalidOption, "seconds above 0"),
    (#"{"dimensions": 3, "timeout": 1e300}"#, .invalidOption, "seconds above 0"),
    (#"{"dimensions": 3, "index": "hnsw"}"#, .unsupported, "hnsw"),
    (#"{"dimensions": 3, "cache": {"max_entrys": 10}}"#, .invalidOption, "\"max_entries\""),
    (#"{"dimensions": 3, "cache": {"ttl": 1e300}}"#, .invalidOption, "cache.ttl"),
    (#"{"dimensions": 3, "cache": 7}"#, .invalidOption, "cache"),
    (#"{"dimensions": 3, "resilience": {"retrys": {}}}"#, .invalidOption, "\"retry\""),
    (#"{"dimensions": 3, "resilience": {"retry": {"max_attempts": 0}}}"#, .invalidOption, "retry.max_attempts\" is 0"),
    (#"{"dimensions": 3, "resilience": {"retry": {"jitter": "ful"}}}"#, .invalidOption, "\"full\""),
    (#"{"dimensions": 3, "resilience": {"hedge": {"quantile": 2}}}"#, .invalidOption, "hedge.quantile"),
    (#"{"dimensions": 3, "fault_injection": {"error_rate": 0.8, "stall_rate": 0.8}}"#, .invalidOption, "at most 1"),
    (#"{"dimensions": 3, "fault_injection": {"outages": [{"after_m": 1}]}}"#, .invalidOption, "\"after_ms\""),
    (#"{"dimensions": 3, "fault_injection": {"outages": 5}}"#, .invalidOption, "a list"),
    (#"{"dimensions": 3, "backend": "qdrant"}"#, .unsupported, "qdrant"),
    (#"{"dimensions": 3, "backend": "qdrnt"}"#, .invalidOption, "\"qdrant\""),
    (#"{"dimensions": 3, "env": 1}"#, .invalidOption, "true or false"),
    (#"{"dimensions": 3, "env": {"PGHOST": 1}}"#, .invalidOption, "env.PGHOST"),
    (#"{"dimensions": 3, "auto_fields": false}"#, .invalidOption, "fields"),
    (#"{"dimensions": 3, "fields": {"a": "int"}}"#, .invalidOption, "fields.a"),
    ("[]", .invalidOption, "an object"),
    ("{", .invalidJSON, "options"),
  ]) func aBadOptionIsNamed(json: String, status: Status, part: String) throws {
    let error = try #require(failure(json))
    #expect(error.status == status)
    #expect(error.message.contains(part), "\(error.message)")
    #expect(!error.message.contains("\n"))
    #expect(!error.message.contains("s3cret"))
  }

  @Test(arguments: ["false", "null", "{}", #"{"enabled": false}"#]) func aFeatureMayBeSwitchedOff(value: String) throws
  {
    _ = try parse(#"{"dimensions": 3, "cache": \#(value), "resilience": \#(value)}"#)
  }

  @Test func theEnvironmentIsTheProcessesOwnOneThatWasGivenOrNone() throws {
    setenv("VDB_TEST_VARIABLE", "from the process", 1)
    defer { unsetenv("VDB_TEST_VARIABLE") }
    #expect(try parse("{}").environment["VDB_TEST_VARIABLE"] == "from the process")
    #expect(try parse(#"{"env": false}"#).environment["VDB_TEST_VARIABLE"] == nil)
    let given = try parse(#"{"env": {"VDB_TEST_VARIABLE": "given", "EMPTY": ""}}"#).environment
    #expect(given["VDB_TEST_VARIABLE"] == "given")
    #expect(given["EMPTY"] == nil && given["PATH"] == nil)
  }
}
