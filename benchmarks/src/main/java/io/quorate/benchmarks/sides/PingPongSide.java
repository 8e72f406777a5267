package io.quorate.benchmarks.sides;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import java.nio.file.Path;
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.UnsafeBuffer;

/** The floor: one frame of Aeron over UDP loopback and back, driver, client and both ends on one thread. Agrees on nothing. */
final class PingPongSide implements Side {
    private static final int STREAM = 1;

    private final UnsafeBuffer message = new UnsafeBuffer(new byte[REQUEST_BYTES]);
    private final FragmentHandler onPing;
    private final FragmentHandler onPong;
    private final MediaDriver driver;
    private final AgentInvoker driverInvoker;
    private final Aeron aeron;
    private final AgentInvoker clientInvoker;
    private final Publication ping;
    private final Publication pong;
    private final Subscription pings;
    private final Subscription pongs;
    private long number;
    private long answered;

    PingPongSide(final Path folder, final Gate gate) {
        final int[] ports = LocalPorts.free(2);
        final Path directory = folder.resolve("driver");
        driver = MediaDriver.launch(Drivers.context(directory, ThreadingMode.INVOKER, gate));
        driverInvoker = driver.sharedAgentInvoker();
        aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(directory.toString())
                .useConductorAgentInvoker(true)
                .driverAgentInvoker(driverInvoker));
        clientInvoker = aeron.conductorAgentInvoker();
        final String there = "aeron:udp?endpoint=127.0.0.1:" + ports[0];
        final String back = "aeron:udp?endpoint=127.0.0.1:" + ports[1];
        pings = aeron.addSubscription(there, STREAM);
        pongs = aeron.addSubscription(back, STREAM);
        ping = aeron.addPublication(there, STREAM);
        pong = aeron.addPublication(back, STREAM);
        onPing = (buffer, offset, length, header) -> send(pong, new UnsafeBuffer(buffer, offset, length));
        onPong = (buffer, offset, length, header) -> {
            if (length == REQUEST_BYTES) {
                answered = buffer.getLong(offset);
            }
        };
        final Deadline deadline = new Deadline("the ping-pong's streams do not connect");
        while (!ping.isConnected() || !pong.isConnected()) {
            work();
            deadline.check();
        }
    }

    @Override
    public void request() {
        message.putLong(0, ++number);
        send(ping, message);
        final Deadline deadline = new Deadline("no answer to ping " + number);
        while (answered != number) {
            work();
            pings.poll(onPing, 1);
            pongs.poll(onPong, 1);
            deadline.check();
        }
    }

    @Override
    public void rest() {
        work();
    }

    @Override
    public String description() {
        return "Aeron ping-pong: one frame over UDP and back, driver and both ends on one thread";
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(aeron, driver);
    }

    private void work() {
        driverInvoker.invoke();
        clientInvoker.invoke();
    }

    private void send(final Publication publication, final UnsafeBuffer bytes) {
        final Deadline deadline = new Deadline("Aeron does not take a frame");
        while (publication.offer(bytes) < 0) {
            work();
            deadline.check();
        }
    }
}
