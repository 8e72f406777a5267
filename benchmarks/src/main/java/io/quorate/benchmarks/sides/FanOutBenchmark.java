package io.quorate.benchmarks.sides;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One record of a rumor's length to four receivers over UDP loopback, until the last has it: by one Aeron publication with four
 * destinations, or by a publication each. Plain Aeron, nothing sealed; one driver, one thread, so the time is the work of all.
 * docs/decisions/0072.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 8, time = 1)
@Fork(3)
public class FanOutBenchmark {
    private static final int RECEIVERS = 4;
    private static final int RECORD_LENGTH = 300;
    private static final int STREAM = 1;

    /** Publications that carry a record. */
    @Param({"1", "4"})
    public int publications;

    private final UnsafeBuffer record = new UnsafeBuffer(new byte[RECORD_LENGTH]);
    private final Subscription[] subscriptions = new Subscription[RECEIVERS];
    private final FragmentHandler onRecord = this::onRecord;
    private Publication[] ways;
    private BenchFolder folder;
    private MediaDriver driver;
    private Aeron aeron;
    private AgentInvoker driverInvoker;
    private AgentInvoker clientInvoker;
    private long number;
    private int received;

    @Setup(Level.Trial)
    public void connect() throws IOException {
        folder = BenchFolder.create();
        driver =
                MediaDriver.launch(Drivers.context(folder.path().resolve("driver"), ThreadingMode.INVOKER, new Gate()));
        driverInvoker = driver.sharedAgentInvoker();
        aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(driver.aeronDirectoryName())
                .useConductorAgentInvoker(true)
                .driverAgentInvoker(driverInvoker));
        clientInvoker = aeron.conductorAgentInvoker();
        final int[] ports = LocalPorts.free(RECEIVERS);
        ways = new Publication[publications];
        for (int i = 0; i < RECEIVERS; i++) {
            final String receiver = "aeron:udp?endpoint=127.0.0.1:" + ports[i];
            subscriptions[i] = aeron.addSubscription(receiver, STREAM);
            if (publications == RECEIVERS) {
                ways[i] = aeron.addPublication(receiver, STREAM);
            } else {
                ways[0] = i == 0 ? aeron.addPublication("aeron:udp?control-mode=manual", STREAM) : ways[0];
                ways[0].addDestination(receiver);
            }
        }
        final Deadline deadline = new Deadline("the streams do not connect");
        boolean isConnected = false;
        while (!isConnected) {
            work();
            isConnected = true;
            for (final Subscription subscription : subscriptions) {
                isConnected &= subscription.isConnected();
            }
            for (final Publication way : ways) {
                isConnected &= way.isConnected();
            }
            deadline.check();
        }
    }

    /** Time until four receivers have a record. */
    @Benchmark
    public long send() {
        number++;
        received = 0;
        record.putLong(0, number);
        final Deadline deadline = new Deadline("a record does not arrive");
        for (final Publication way : ways) {
            while (way.offer(record) < 0) {
                work();
                deadline.check();
            }
        }
        while (received < RECEIVERS) {
            work();
            for (final Subscription subscription : subscriptions) {
                subscription.poll(onRecord, RECEIVERS);
            }
            deadline.check();
        }
        return number;
    }

    private void onRecord(final DirectBuffer buffer, final int offset, final int lengthBytes, final Header header) {
        received += buffer.getLong(offset) == number ? 1 : 0;
    }

    private void work() {
        driverInvoker.invoke();
        clientInvoker.invoke();
    }

    @TearDown(Level.Trial)
    public void close() {
        CloseHelper.quietCloseAll(aeron, driver);
        folder.remove();
    }
}
