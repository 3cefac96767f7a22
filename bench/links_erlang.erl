%% SPDX-License-Identifier: Apache-2.0
%% The peer of bench_links: the same two measurements over Erlang/OTP distribution.
%% server: registers an echo and a counter; client: 100 byte binaries one way, then round trips.
-module(links_erlang).
-export([server/0, client/0, loop/1]).

-define(PAYLOAD, binary:copy(<<"x">>, 100)).

server() ->
    register(bench, spawn_opt(?MODULE, loop, [0], [{message_queue_data, off_heap}])),
    io:format("ready~n").

loop(Count) ->
    receive
        {one_way, _Payload} -> loop(Count + 1);
        {count, From} -> From ! {count, Count}, loop(0);
        {ping, From, Payload} -> From ! {pong, Payload}, loop(Count);
        stop -> init:stop()
    end.

client() ->
    [Node, Label, CountText, RoundsText] =
        [hd(V) || {ok, [V]} <- [init:get_argument(A) || A <- [server, label, count, rounds]]],
    Server = {bench, list_to_atom(Node)},
    Count = list_to_integer(CountText),
    Rounds = list_to_integer(RoundsText),
    wait_for(list_to_atom(Node), 100),
    one_way(Server, Count div 10),
    Rate = lists:max([one_way(Server, Count) || _ <- lists:seq(1, 3)]),
    Times = lists:sort([round_trip(Server) || _ <- lists:seq(1, Rounds)]),
    P50 = lists:nth(Rounds div 2, Times) / 1000,
    P99 = lists:nth(Rounds * 99 div 100, Times) / 1000,
    io:format("~s one_way_per_second ~w rtt_p50_us ~.1f rtt_p99_us ~.1f~n",
              [Label, round(Rate), P50, P99]),
    Server ! stop,
    init:stop().

wait_for(_Node, 0) -> erlang:halt(1);
wait_for(Node, Left) ->
    case net_kernel:connect_node(Node) of
        true -> ok;
        _ -> timer:sleep(50), wait_for(Node, Left - 1)
    end.

%% Messages a second, until the receiver has counted the last one.
one_way(Server, Count) ->
    Payload = ?PAYLOAD,
    Start = erlang:monotonic_time(nanosecond),
    send(Server, {one_way, Payload}, Count),
    Server ! {count, self()},
    receive {count, Count} -> ok end,
    Count * 1.0e9 / (erlang:monotonic_time(nanosecond) - Start).

send(_Server, _Message, 0) -> ok;
send(Server, Message, Left) -> Server ! Message, send(Server, Message, Left - 1).

round_trip(Server) ->
    Payload = ?PAYLOAD,
    Start = erlang:monotonic_time(nanosecond),
    Server ! {ping, self(), Payload},
    receive {pong, _} -> erlang:monotonic_time(nanosecond) - Start end.
