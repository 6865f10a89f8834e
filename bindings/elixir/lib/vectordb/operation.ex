defmodule VectorDB.Operation do
  @moduledoc false
  # What every call does around the NIF: find the handle, open a telemetry span, turn a failure into an
  # error struct. A process that died, a closed handle or a wrong term is an error, never an exception.

  alias VectorDB.{Database, Error, JSON, Registry, Request, Telemetry}

  @type database :: Database.t() | atom()

  @doc """
  Runs `body` with the database that a handle or a name stands for. It may answer `{:ok, value, info}`, with
  the JSON of how the answer was made for the span.
  """
  @spec run(database(), atom(), (Database.t() -> term())) :: {:ok, term()} | {:error, Error.t()}
  def run(database, operation, body) do
    with {:ok, database} <- resolve(database) do
      span = Telemetry.span(operation, database, fn -> database |> body.() |> answer() end)
      with {:ok, value, _info} <- span, do: {:ok, value}
    end
  end

  @doc "As `run/3` for what has no value: answers the database as it was given, so that calls can be piped."
  def done(database, operation, body) do
    run(database, operation, fn handle ->
      with :ok <- answer(body.(handle)), do: {:ok, database}
    end)
  end

  @doc "As `run/3` for a function of the NIF that answers JSON."
  def decoded(database, operation, body) do
    run(database, operation, fn %{ref: ref} ->
      with {:ok, json} <- answer(body.(ref)), do: decode(json)
    end)
  end

  @doc "JSON that the library wrote: a failure is a defect of it."
  def decode(json) do
    with {:error, message} <- JSON.decode(json), do: {:error, Error.new(:internal, message)}
  end

  @doc "The database a handle or a registered name stands for."
  @spec resolve(term()) :: {:ok, Database.t()} | {:error, Error.t()}
  def resolve(%Database{ref: ref} = database) when is_reference(ref), do: {:ok, database}
  def resolve(name) when is_atom(name) and not is_nil(name), do: Registry.fetch(name)

  def resolve(other) do
    message = "neither a database nor the name of one: #{shown(other)}"
    {:error, Error.new(:invalid_handle, message)}
  end

  @doc "Answers of the NIF, and of this side, in one form. Waits for that of a request."
  def answer({:pending, request}), do: request |> Request.await() |> answer()
  def answer({:error, code, message, json}), do: {:error, Error.from_native(code, message, json)}
  def answer({:partial, report}), do: {:error, partial(report)}
  def answer(other), do: other

  @doc "A term of the caller's, short enough for a message."
  def shown(term), do: inspect(term, limit: 5, printable_limit: 40)

  defp partial({applied, not_attempted, _deleted, failures}) do
    failed =
      for {index, code, message} <- failures,
          do: %{"index" => index, "code" => code, "message" => message}

    %Error{
      code: :partial,
      message: "#{length(failed)} items failed, #{applied} were applied",
      details: %{"applied" => applied, "not_attempted" => not_attempted, "failed" => failed}
    }
  end
end
