defmodule VectorDB.NetworkTest do
  # The network backends without their servers: those that do not answer, or are not there. Counts handles of the whole
  # VM, so nothing else may run.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.{Environment, Native, Servers}

  @backends ~w(pgvector redis chroma milvus)a

  for backend <- @backends do
    test "#{backend}: a thousand processes wait for a server that does not answer, and hold up nobody" do
      mute = Servers.mute()

      db =
        VectorDB.create!("mute",
          backend: unquote(backend),
          connect: :lazy,
          dimensions: 2,
          host: "127.0.0.1",
          port: mute
        )

      healthy = rehearsal(fault_injection: %{latency_ms: 1})
      before = VectorDB.healthy?(db)
      callers = for n <- 1..1000, do: spawn(fn -> VectorDB.search(db, [n, 0]) end)

      opener =
        spawn(fn ->
          VectorDB.create("mute", backend: unquote(backend), host: "127.0.0.1", port: mute)
        end)

      assert eventually(fn -> elem(Native.live_handles(), 4) == 1001 end)

      {time, _} =
        :timer.tc(fn ->
          for n <- 1..50 do
            assert VectorDB.search!(healthy, [n, 0]) == []
            assert File.dir?(System.tmp_dir!()) and byte_size(:crypto.strong_rand_bytes(16)) == 16
          end
        end)

      assert time < 2_000_000
      assert VectorDB.healthy?(db) == before
      assert code(VectorDB.search(db, [1, 0], timeout: 100)) == :timeout
      Enum.each([opener | callers], &Process.exit(&1, :kill))
      assert eventually(fn -> elem(Native.live_handles(), 4) == 0 end)
      refute_received _
    end

    test "#{backend}: no server, and no secret in what is told of it" do
      secret = "s3cr3t" <> "/%é\""
      {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
      {:ok, port} = :inet.port(socket)
      :gen_tcp.close(socket)

      options = [backend: unquote(backend), dimensions: 2, host: "127.0.0.1", port: port]

      options =
        options ++ secrets(unquote(backend), secret) ++ [resilience: %{retry: %{base_delay: 0}}]

      assert {:error, error} = VectorDB.create("nowhere", options)
      assert %{code: :unavailable, backend: unquote("#{backend}")} = error
      assert error.attempts >= 1
      db = VectorDB.create!("nowhere", [connect: :lazy] ++ options)
      {:error, write} = VectorDB.add(db, "a", [1, 0])
      assert write.code == :unavailable
      refute write.applied in [:unknown, :partly]

      for told <- [
            error,
            write,
            db,
            VectorDB.describe!(db),
            VectorDB.health(db),
            VectorDB.metrics(db)
          ] do
        for form <- [secret, URI.encode_www_form(secret), Base.encode64(secret), "s3cr3t"] do
          refute inspect(told, limit: :infinity, printable_limit: :infinity) =~ form
        end
      end
    end

    test "#{backend}: the environment of the virtual machine counts" do
      {name, value} =
        Servers.variable(unquote(backend), %{
          host: "127.0.0.1",
          port: 7,
          connection_string: "postgresql://u@127.0.0.1:7/d"
        })

      Servers.with_variable(name, value, fn ->
        sources = fn options ->
          given = [backend: unquote(backend), connect: :lazy, dimensions: 2] ++ options
          db = VectorDB.create!("variables", given)
          for {_, %{"source" => source}} <- VectorDB.describe!(db)["options"], do: source
        end

        assert "environment" in sources.([]) and "environment" in sources.(env: true)
        assert "environment" in sources.(env: %{name => value})
        refute "environment" in sources.(env: false)
        refute "environment" in sources.(env: %{})
      end)
    end
  end

  test "every variable that the library reads is handed over" do
    sources = Path.wildcard(Path.expand("../../../Sources/VectorDB/Options/**/*.swift", __DIR__))
    text = Enum.map_join(sources, &File.read!/1)
    names = Regex.scan(~r/"((?:[A-Z]+_)+(?:URL|URI|KEY|TOKEN|ENDPOINT|HOST|PORT)|PG[A-Z]+)"/, text)
    assert length(names) > 5
    for [_, name] <- names, do: assert(Environment.handed_over?(name), name)

    Servers.with_variable("VECTORDB_OTHER", "x", fn ->
      refute Environment.variables()["VECTORDB_OTHER"]
    end)
  end

  test "the four backends are there" do
    assert @backends -- VectorDB.available_backends!() == []
  end

  # A header takes no other characters.
  defp secrets(:chroma, _secret), do: [api_key: "s3cr3t-key"]
  defp secrets(:milvus, secret), do: [token: "user:" <> secret]
  defp secrets(_other, secret), do: [password: secret]
end
