package io.quorate.benchmarks.decide;

import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.Orders;
import io.quorate.engine.ConsensusEngine;
import io.quorate.engine.EngineContext;
import io.quorate.engine.ThreadingMode;
import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Ed25519Provider;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;
import org.agrona.CloseHelper;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/**
 * A process of {@code bench decide}: some or all peers of the group, and the clients of some of them, all clients on one thread. Does
 * what its parent orders, like {@code SideMain}.
 */
public final class DecideWorker {
    /** The word after {@code bench} that starts this; for {@link DecideGroup} only. */
    public static final String COMMAND = "decide-peers";

    static final String READY = "ready ";
    static final String PROBE = "probe";
    static final String WHERE = "where";
    static final String RUN = "run ";
    static final String PROGRESS = "progress ";
    static final String DONE = "done ";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long DRAIN_NS = 20_000_000_000L;
    private static final long PROGRESS_NS = 200_000_000L;
    private static final int TURNS_A_LOOK = 64;

    private final List<ConsensusEngine> engines = new ArrayList<>();
    private final List<LoadGenerator> clients = new ArrayList<>();
    private final boolean isInvoked;
    private final IdleStrategy idle;
    private final PrintStream out;

    private DecideWorker(final boolean isInvoked, final IdleStrategy idle, final PrintStream out) {
        this.isInvoked = isInvoked;
        this.idle = idle;
        this.out = out;
    }

    /**
     * @param arguments this process's folder in memory; the folder of data; the group's folder; the ids of its peers; the ids of its
     *     clients, or a dash; the threading mode; the idle strategy; whether there are journals; how frames travel; the part of the
     *     datagrams that is lost each way; the ids of its peers that lie, or a dash; how they lie
     * @return the exit code
     */
    public static int run(final InputStream in, final PrintStream out, final String... arguments) {
        final BenchFolder memory = BenchFolder.of(Path.of(arguments[0]));
        final BenchFolder data = BenchFolder.of(Path.of(arguments[1]));
        final Thread remover = new Thread(
                () -> {
                    memory.remove();
                    data.remove();
                },
                "remover");
        Runtime.getRuntime().addShutdownHook(remover);
        final BlockingQueue<String> orders = Orders.read(in);
        System.setProperty("aeron.debug.receive.data.loss.rate", arguments[9]);
        System.setProperty("aeron.debug.send.control.loss.rate", arguments[9]);
        final ThreadingMode threading = ThreadingMode.valueOf(arguments[5]);
        final Supplier<IdleStrategy> idle = () -> DecideOptions.Idle.valueOf(arguments[6]) == DecideOptions.Idle.YIELD
                ? new YieldingIdleStrategy()
                : new BackoffIdleStrategy(20, 50, 1_000, 100_000);
        final DecideWorker worker = new DecideWorker(threading == ThreadingMode.INVOKER, idle.get(), out);
        EmbeddedDriver domain = null;
        try {
            if (arguments[8].equals("ipc")) {
                domain = EmbeddedDriver.launch(
                        memory.path().resolve("driver"),
                        worker.isInvoked ? EmbeddedDriver.Threading.INVOKER : EmbeddedDriver.Threading.SHARED,
                        DriverSettings.defaults());
            }
            for (final String id : arguments[3].split(",")) {
                final Path group = Path.of(arguments[2]);
                worker.engines.add(ConsensusEngine.launch(new EngineContext()
                        .rosterFile(group.resolve("roster.txt"))
                        .keyFile(group.resolve("peer-" + id + ".key"))
                        .dataDirectory(data.path().resolve("peer-" + id))
                        .driverDirectory(memory.path().resolve("driver-" + id))
                        .trustDomain(domain)
                        .drill(List.of(arguments[10].split(",")).contains(id) ? Strategy.valueOf(arguments[11]) : null)
                        .memoryOnly(!Boolean.parseBoolean(arguments[7]))
                        .warmUpMax(Duration.ZERO)
                        .threadingMode(threading)
                        .idleStrategy(idle)));
                if (List.of(arguments[4].split(",")).contains(id)) {
                    worker.clients.add(new LoadGenerator(worker.engines.get(worker.engines.size() - 1)));
                }
            }
            Orders.say(out, READY + Ed25519Provider.choose().providerName());
            worker.serve(orders);
            return 0;
        } catch (final InterruptedException | TimeoutException e) {
            throw new IllegalStateException(e);
        } finally {
            CloseHelper.quietCloseAll(worker.engines);
            CloseHelper.quietClose(domain);
        }
    }

    private void serve(final BlockingQueue<String> orders) throws InterruptedException, TimeoutException {
        while (true) {
            String order = null;
            for (int turn = 0; turn < TURNS_A_LOOK && order == null; turn++) {
                idle.idle(work());
                order = turn == 0 ? orders.poll() : null;
            }
            if (order == null) {
                continue;
            }
            if (order.equals(Orders.END)) {
                return;
            } else if (order.equals(PROBE)) {
                probe();
            } else if (order.equals(WHERE)) {
                Orders.say(out, WHERE + " " + counters().get(COMMITTED));
            } else if (order.startsWith(RUN)) {
                final String[] words = order.substring(RUN.length()).split(" ");
                Orders.say(
                        out,
                        DONE
                                + run(
                                                Long.parseLong(words[0]),
                                                Integer.parseInt(words[1]),
                                                Double.parseDouble(words[2]),
                                                RequestShape.round(Integer.parseInt(words[3])))
                                        .encode());
            }
        }
    }

    /** One request by each client, without a clock: the links are up and the group answers. Says each peer's view and its primary. */
    private void probe() throws InterruptedException, TimeoutException {
        for (final LoadGenerator client : clients) {
            client.start(System.nanoTime(), PATIENCE.toNanos(), 1, Double.MAX_VALUE, RequestShape.round(32));
            final long endNs = System.nanoTime() + PATIENCE.toNanos();
            client.poll(System.nanoTime());
            while (client.answeredInTime() == 0) {
                idle.idle(work() + client.poll(System.nanoTime()));
                if (System.nanoTime() - endNs >= 0) {
                    throw new IllegalStateException("the group does not answer within " + PATIENCE.toSeconds() + " s");
                }
            }
        }
        final StringBuilder views = new StringBuilder();
        for (final ConsensusEngine engine : engines) {
            final EngineStatus status = engine.status(PATIENCE);
            views.append(' ').append(status.view()).append(':').append(status.primaryId());
        }
        Orders.say(out, PROBE + views);
    }

    /** All clients for so long, and then until all is answered. */
    private WorkerFigures run(final long lengthNs, final int inFlight, final double pauseNs, final String round)
            throws InterruptedException, TimeoutException {
        final Map<String, Long> before = counters();
        final long allocated = WorkerFigures.allocated();
        final long cpu = WorkerFigures.cpu();
        final long datagrams = WorkerFigures.datagramsSent();
        final long startNs = System.nanoTime();
        for (int i = 0; i < clients.size(); i++) {
            // Clients of an open loop do not all send at the same moments.
            final long phaseNs = (long) (pauseNs * i / clients.size());
            clients.get(i).start(startNs + phaseNs, lengthNs, inFlight, pauseNs, round);
        }
        boolean isMeasured = false;
        long[] used = {0, 0, 0};
        Map<String, Long> after = before;
        long saidNs = startNs;
        long nowNs = startNs;
        while (nowNs - startNs < lengthNs || (!isDone(nowNs) && nowNs - startNs < lengthNs + DRAIN_NS)) {
            int workCount = work();
            for (final LoadGenerator client : clients) {
                workCount += client.poll(nowNs);
            }
            idle.idle(workCount);
            nowNs = System.nanoTime();
            if (nowNs - saidNs > PROGRESS_NS) {
                saidNs = nowNs;
                Orders.say(out, PROGRESS + answered());
            }
            if (!isMeasured && nowNs - startNs >= lengthNs) {
                isMeasured = true;
                used = new long[] {
                    WorkerFigures.allocated() - allocated,
                    WorkerFigures.cpu() - cpu,
                    datagrams < 0 ? -1 : WorkerFigures.datagramsSent() - datagrams
                };
                after = counters();
            }
        }
        long unanswered = 0;
        final Histogram latencies = new Histogram(3);
        for (final LoadGenerator client : clients) {
            unanswered += client.giveUp(nowNs);
            latencies.add(client.latencies());
        }
        return new WorkerFigures(
                answered(),
                unanswered,
                after.get(COMMITTED) - before.get(COMMITTED),
                after.get(FRAMES) - before.get(FRAMES),
                used[0],
                used[1],
                used[2],
                latencies);
    }

    private static final String COMMITTED = "committed";
    private static final String FRAMES = "link.frames.sent";

    /** The furthest peer's sequence, and all peers' frames. */
    private Map<String, Long> counters() throws InterruptedException, TimeoutException {
        long committed = 0;
        long frames = 0;
        for (final ConsensusEngine engine : engines) {
            final EngineStatus status = engine.status(PATIENCE);
            committed = Math.max(committed, status.committedSequence());
            frames += status.counters().getOrDefault(FRAMES, 0L);
        }
        return Map.of(COMMITTED, committed, FRAMES, frames);
    }

    private boolean isDone(final long nowNs) {
        boolean isDone = true;
        for (final LoadGenerator client : clients) {
            isDone &= client.isDone(nowNs);
        }
        return isDone;
    }

    private long answered() {
        long count = 0;
        for (final LoadGenerator client : clients) {
            count += client.answeredInTime();
        }
        return count;
    }

    /** One turn of every engine that has no thread of its own. */
    private int work() {
        int workCount = 0;
        if (isInvoked) {
            for (final ConsensusEngine engine : engines) {
                workCount += engine.doWork();
            }
        }
        return workCount;
    }
}
