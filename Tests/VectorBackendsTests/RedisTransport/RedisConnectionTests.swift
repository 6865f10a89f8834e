import Glibc
import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

private func commands(_ names: StaticString...) -> RedisCommands {
  var commands = RedisCommands()
  for name in names { commands.command(name) }
  return commands
}

private func redis(_ server: ScriptedServer, password: String? = nil, maxReplyBytes: Int = 1 << 20) -> RedisServer {
  var place = RedisServer(.tcp(host: "127.0.0.1", port: server.port), password: password)
  place.maxReplyBytes = maxReplyBytes
  return place
}

private func open(_ server: ScriptedServer, maxReplyBytes: Int = 1 << 20) throws -> RedisConnection {
  try RedisConnectionFactory(redis(server, maxReplyBytes: maxReplyBytes)).open(ending(after: 5000))
}

@Suite struct RedisConnectionTests {
  @Test func commandsGoWithTheirLengths() {
    var commands = RedisCommands()
    commands.command("SET", "a\r\n$3", "")
    commands.begin(2)
    commands.add(word: "GET")
    commands.add(1234567890)
    let text = String(decoding: commands.bytes.elements, as: UTF8.self)
    #expect(text == "*3\r\n$3\r\nSET\r\n$5\r\na\r\n$3\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$10\r\n1234567890\r\n")
    #expect(commands.count == 2 && !commands.failed)
    commands.removeAll()
    for number in [0, -1, Int.min, Int.max] { commands.add(number) }
    #expect(
      String(decoding: commands.bytes.elements, as: UTF8.self)
        == "$1\r\n0\r\n$2\r\n-1\r\n$20\r\n-9223372036854775808\r\n$19\r\n9223372036854775807\r\n")
  }

  @Test func repliesComeInTheOrderOfCommandsHoweverTheyArrive() throws {
    let server = try ScriptedServer([
      .receive, .write("+on"), .pause(20), .write("e\r\n:"), .pause(20), .write("2\r\n$5\r\nth"), .pause(20),
      .write("ree\r\n"), .receive, .write(":4\r\n"), .pause(500),
    ])
    defer { server.stop() }
    let connection = try open(server)
    var found: [String] = []
    try connection.exchange(commands("A", "B", "C"), ending(after: 5000)) { found.append(shown($0)) }
    #expect(found == ["'one'", ":2", "'three'"])
    try connection.exchange(commands("D"), ending(after: 5000)) { found.append(shown($0)) }
    #expect(found.last == ":4" && connection.isUsable)
    #expect(server.connectionCount == 1)
  }

  @Test func outstandingRepliesComeFirstInTheNextExchange() throws {
    let server = try ScriptedServer([.receive, .write(":1\r\n"), .receive, .write(":2\r\n:3\r\n"), .pause(500)])
    defer { server.stop() }
    let connection = try open(server)
    var found: [String] = []
    try connection.exchange(commands("A", "B"), leaving: 1, ending(after: 5000)) { found.append(shown($0)) }
    #expect(found == [":1"])
    try connection.exchange(commands("C"), ending(after: 5000)) { found.append(shown($0)) }
    #expect(found == [":1", ":2", ":3"])
  }

  /// Both sides have more to say than the sockets hold.
  @Test func megabytesInBothDirectionsDoNotLock() throws {
    let reply = "$1000\r\n" + String(repeating: "r", count: 1000) + "\r\n"
    let count = 12_000
    let all = Array(String(repeating: reply, count: count).utf8)
    // It writes everything before it reads the second time.
    let server = try ScriptedServer([.receive, .writeBytes(all), .receive, .pause(2000)])
    defer { server.stop() }
    let connection = try open(server)
    var commands = RedisCommands()
    let argument = ByteString([UInt8](repeating: 0x78, count: 1000))
    for _ in 0..<count { commands.command("SET", argument) }
    var bytes = 0
    // The server does not read everything, so this cannot end well: but every reply has come by then.
    let why = failure { () throws(AttemptFailure) in
      try connection.exchange(commands, ending(after: 1500)) { bytes += $0.bytes?.count ?? 0 }
    }
    #expect(bytes == count * 1000)
    #expect(why?.kind == .timedOut && why?.mayHaveApplied == true)
    #expect(!connection.isUsable)
  }

  @Test func waitsEndWithDeadlineAndCancel() throws {
    let server = try ScriptedServer([.receive, .pause(3000)])
    defer { server.stop() }
    let took = try milliseconds {
      let late = try open(server)
      let why = failure { () throws(AttemptFailure) in try late.exchange(commands("A"), ending(after: 80)) { _ in } }
      #expect(why?.kind == .timedOut && why?.error.status == .timeout)
    }
    #expect(took < 1000)
    let token = CancelToken()
    let cancelled = try open(server)
    onThread {
      usleep(50_000)
      token.cancel()
    }
    let stopped = milliseconds {
      let why = failure { () throws(AttemptFailure) in
        try cancelled.exchange(commands("A"), CallContext(cancel: token)) { _ in }
      }
      #expect(why?.kind == .cancelled)
    }
    #expect(stopped < 1000)
  }

  @Test func aConnectionThatDiesIsStaleOnlyBeforeTheFirstByte() throws {
    let server = try ScriptedServer(
      [.receive, .write("+OK\r\n"), .receive], [.receive, .write("$10\r\nabc")], [.receive])
    defer { server.stop() }
    let idle = try open(server)
    try idle.exchange(commands("A"), ending(after: 5000)) { _ in }
    #expect(
      failure { () throws(AttemptFailure) in try idle.exchange(commands("B"), ending(after: 5000)) { _ in } }?.kind
        == .staleConnection)
    let cut = try open(server)
    let why = failure { () throws(AttemptFailure) in try cut.exchange(commands("A"), ending(after: 5000)) { _ in } }
    #expect(why?.kind == .broken && why?.mayHaveApplied == true && why?.error.status == .unavailable)
    let mute = try open(server)
    #expect(
      failure { () throws(AttemptFailure) in try mute.exchange(commands("A"), ending(after: 5000)) { _ in } }?.kind
        == .broken)
    #expect(
      failure { () throws(AttemptFailure) in try mute.exchange(commands("A"), ending(after: 5000)) { _ in } }?
        .mayHaveApplied == false)
  }

  /// Commands may leave before anything is read, the end of the connection show only when their replies are waited for.
  @Test func aConnectionThatDiesIsStaleAlsoWhenItsRepliesAreReadLater() throws {
    let server = try ScriptedServer(
      [.receive, .write("+OK\r\n"), .receive], [.receive, .write("+OK\r\n"), .receive, .write("+OK\r\n")])
    defer { server.stop() }
    for answers in 0...1 {
      let connection = try open(server)
      try connection.exchange(commands("A"), ending(after: 5000)) { _ in }
      try connection.exchange(commands("B", "C"), leaving: 2, ending(after: 5000)) { _ in }
      var taken = 0
      let why = failure { () throws(AttemptFailure) in
        try connection.exchange(RedisCommands(), ending(after: 5000)) { _ in taken += 1 }
      }
      #expect(taken == answers && why?.mayHaveApplied == true)
      #expect(why?.kind == (answers == 0 ? .staleConnection : .broken))
    }
  }

  @Test func answersThatCannotBeAreRefused() throws {
    let server = try ScriptedServer(
      [.receive, .write("HTTP/1.1 400 Bad Request\r\n\r\n"), .pause(500)],
      [.receive, .write("+OK\r\n+OK\r\n"), .pause(500)],
      [.receive, .write("$2000\r\n" + String(repeating: "x", count: 2000) + "\r\n"), .pause(500)])
    defer { server.stop() }
    for (status, kind) in [
      (Status.protocolViolation, AttemptFailure.Kind.broken), (.protocolViolation, .broken), (.tooLarge, .refused),
    ] {
      let connection = try open(server, maxReplyBytes: 1000)
      let why = failure { () throws(AttemptFailure) in
        try connection.exchange(commands("A"), ending(after: 5000)) { _ in }
      }
      #expect(why?.error.status == status && why?.kind == kind)
      #expect(!connection.isUsable)
    }
  }

  @Test func loggingInNamesNoPassword() throws {
    let server = try ScriptedServer(
      [.receive, .write("-WRONGPASS invalid username-password pair or user is disabled.\r\n"), .pause(500)])
    defer { server.stop() }
    let factory = RedisConnectionFactory(redis(server, password: "hunter2"))
    let why = failure { () throws(AttemptFailure) in _ = try factory.open(ending(after: 5000)) }
    #expect(why?.kind == .refused && why?.error.status == .unauthenticated)
    #expect(why?.error.message.contains("hunter2") == false)
    #expect(server.requests == ["*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n"])
  }

  @Test func nobodyAtTheAddressIsUnreachable() throws {
    let server = try ScriptedServer([])
    let port = server.port
    server.stop()
    let factory = RedisConnectionFactory(RedisServer(.tcp(host: "127.0.0.1", port: port)))
    let why = failure { () throws(AttemptFailure) in _ = try factory.open(ending(after: 5000)) }
    #expect(why?.kind == .unreachable && why?.error.message.contains("127.0.0.1:\(port)") == true)
    let local = RedisConnectionFactory(RedisServer(.local(path: "/nowhere/redis.sock")))
    #expect(failure { () throws(AttemptFailure) in _ = try local.open(ending(after: 5000)) }?.kind == .unreachable)
    let tooLong = RedisConnectionFactory(RedisServer(.local(path: "/" + String(repeating: "x", count: 200))))
    #expect(failure { () throws(AttemptFailure) in _ = try tooLong.open(ending(after: 5000)) }?.kind == .unreachable)
  }

  @Test func errorsOfTheServerMeanWhatRetryAndBreakerNeed() {
    let meanings: [(String, AttemptFailure.Kind, Status)] = [
      ("LOADING Redis is loading the dataset in memory", .unavailable, .unavailable),
      ("MASTERDOWN Link with MASTER is down", .unavailable, .unavailable),
      ("CLUSTERDOWN The cluster is down", .unavailable, .unavailable),
      ("READONLY You can't write against a read only replica.", .unavailable, .unavailable),
      ("BUSY Redis is busy running a script.", .throttled, .throttled),
      ("TRYAGAIN Multiple keys request during rehashing of slot", .conflicted, .unavailable),
      ("NOAUTH Authentication required.", .refused, .unauthenticated),
      ("WRONGPASS invalid username-password pair", .refused, .unauthenticated),
      ("NOPERM User x has no permissions to run the 'multi' command", .refused, .permissionDenied),
      ("OOM command not allowed when used memory > 'maxmemory'.", .refused, .backend),
      ("MOVED 3999 127.0.0.1:6381", .refused, .unsupported),
      ("ASK 3999 127.0.0.1:6381", .refused, .unsupported),
      ("ERR unknown command 'FT.SEARCH', with args beginning with:", .refused, .unsupported),
      ("docs: no such index", .refused, .notFound),
      ("ERR something else", .refused, .backend),
    ]
    for (text, kind, status) in meanings {
      let failure = RedisFailure.answered(text)
      #expect(failure.kind == kind && failure.error.status == status, "\(text)")
      #expect(!failure.mayHaveApplied)
    }
    #expect(RedisFailure.answered("MOVED 1 h:1").error.message.contains("Redis Cluster is not supported"))
    #expect(RedisFailure.answered("ERR unknown command 'FT.INFO'").error.message.contains("query engine"))
  }
}
