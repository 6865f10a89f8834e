defmodule VectorDB.Servers do
  @moduledoc false
  # Real servers of the network backends, which `Tests/Servers` starts. They end with the process that asked for them.

  @root Path.expand("../../../..", __DIR__)
  @patience 120_000

  @doc "Whether they are installed (`scripts/setup-servers`)."
  def installed?, do: File.dir?(Path.join(@root, ".venv-servers"))

  @doc "Starts those of some backends; answers the options of `VectorDB.create/2` for each, by backend."
  def start(backends) do
    arguments = ["-m", "servers", "up" | Enum.map(backends, &Atom.to_string/1)]
    folder = Path.join(@root, "Tests/Servers") |> String.to_charlist()
    environment = [{'PYTHONPATH', folder}, {'PYTHONDONTWRITEBYTECODE', '1'}]
    options = [:binary, :exit_status, line: 100_000, args: arguments, env: environment]
    port = Port.open({:spawn_executable, System.find_executable("python3")}, options)

    receive do
      {^port, {:data, {:eol, line}}} ->
        {:ok, servers} = VectorDB.JSON.decode(line)

        for backend <- backends, into: %{} do
          {backend, Map.new(servers[Atom.to_string(backend)], &option/1)}
        end

      {^port, {:exit_status, status}} ->
        raise "the servers did not start: status #{status}"
    after
      @patience -> raise "the servers did not start within #{@patience} ms"
    end
  end

  @doc "A port of this machine whose connections are taken, and never answered."
  def mute do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1}, backlog: 1024)
    {:ok, port} = :inet.port(socket)
    port
  end

  @doc "The environment variable that says where a server is: `{name, value}`."
  def variable(:pgvector, options), do: {"DATABASE_URL", options.connection_string}
  def variable(:redis, %{host: host, port: port}), do: {"REDIS_URL", "redis://#{host}:#{port}"}
  def variable(:chroma, %{host: host, port: port}), do: {"CHROMA_URL", "http://#{host}:#{port}"}
  def variable(:milvus, %{host: host, port: port}), do: {"MILVUS_URI", "http://#{host}:#{port}"}

  @doc "Runs `body` with an environment variable."
  def with_variable(name, value, body) do
    before = System.get_env(name)
    System.put_env(name, value)
    body.()
    if before, do: System.put_env(name, before), else: System.delete_env(name)
  end

  defp option({name, value}), do: {String.to_atom(name), value}
end
