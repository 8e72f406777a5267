package io.quorate.transport.aeron;

import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.SendChannelEndpointSupplier;
import io.aeron.driver.ext.DebugChannelEndpointConfiguration;
import io.aeron.driver.ext.DebugSendChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.SetupFlyweight;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * The driver's receiving end with a doorkeeper: anybody on the LAN can ask an open port to begin a stream, and each stream costs the
 * receiver three terms of the asker's choice. Streams are admitted only from the addresses of the roster, only with a stream id that
 * is listened to, term length and MTU in bounds, and only a bounded number at a time. Runs on the driver's thread.
 */
final class GuardedEndpoint extends ReceiveChannelEndpoint {
    private static final String CONTROL_LOSS = "aeron.debug.send.control.loss.rate";

    private final Admission admission;

    /** Loses nothing unless Aeron's debug setting {@code aeron.debug.receive.data.loss.rate} says so. */
    private final LossGenerator loss = DebugChannelEndpointConfiguration.receiveDataLossGeneratorSupplier();

    GuardedEndpoint(
            final UdpChannel channel,
            final DataPacketDispatcher dispatcher,
            final AtomicCounter status,
            final MediaDriver.Context context,
            final Admission admission) {
        super(channel, dispatcher, status, context);
        this.admission = admission;
    }

    /**
     * The sending end, as Aeron has it; it loses what receivers answer where its debug setting says so.
     *
     * @return null if nothing is to be lost
     */
    static SendChannelEndpointSupplier lossySender() {
        return Double.parseDouble(System.getProperty(CONTROL_LOSS, "0")) > 0
                ? (channel, status, context) -> new DebugSendChannelEndpoint(channel, status, context)
                : null;
    }

    @Override
    public int onDataPacket(
            final DataHeaderFlyweight header,
            final UnsafeBuffer buffer,
            final int length,
            final InetSocketAddress source,
            final int transportIndex) {
        return admission.isKnown(source) && !loss.shouldDropFrame(source, buffer, length)
                ? super.onDataPacket(header, buffer, length, source, transportIndex)
                : 0;
    }

    @Override
    public void onSetupMessage(
            final SetupFlyweight header,
            final UnsafeBuffer buffer,
            final int length,
            final InetSocketAddress source,
            final int transportIndex) {
        if (!loss.shouldDropFrame(source, buffer, length) && admission.admits(header, source)) {
            super.onSetupMessage(header, buffer, length, source, transportIndex);
        }
    }

    @Override
    public void incRefImages() {
        admission.images++;
        super.incRefImages();
    }

    @Override
    public void decRefImages() {
        admission.images--;
        super.decRefImages();
    }

    /**
     * Whom one transport wants to hear. Told apart by identity: two transports may want the same.
     *
     * @param sources addresses to accept packets from; empty for all
     * @param imagesMax streams that they may have open at once
     * @param streamId of their frames
     */
    record Guests(Set<InetAddress> sources, int imagesMax, int streamId) {}

    /**
     * The rules, and what they refused. Transports write the rules before they open the port and after they have closed it, one by
     * one; the driver reads them. What any of them admits is admitted.
     */
    static final class Admission {
        private final DriverSettings settings;
        private final List<Guests> guests = new ArrayList<>();
        private volatile Set<InetAddress> sources = Set.of();
        private volatile int[] streamIds = {};
        private volatile int imagesMax;
        private int images;
        private volatile long refused;

        Admission(final DriverSettings settings) {
            this.settings = settings;
        }

        synchronized void admit(final Guests more) {
            guests.add(more);
            rule();
        }

        synchronized void dismiss(final Guests less) {
            guests.removeIf(one -> one == less);
            rule();
        }

        private void rule() {
            final Set<InetAddress> known = new HashSet<>();
            boolean isOpen = false;
            int sum = 0;
            for (final Guests one : guests) {
                known.addAll(one.sources());
                isOpen |= one.sources().isEmpty();
                sum += one.imagesMax();
            }
            sources = isOpen ? Set.of() : Set.copyOf(known);
            streamIds = guests.stream().mapToInt(Guests::streamId).toArray();
            imagesMax = sum;
        }

        /** Packets that were refused. */
        long refused() {
            return refused;
        }

        private boolean isKnown(final InetSocketAddress source) {
            final Set<InetAddress> known = sources;
            if (known.isEmpty() || known.contains(source.getAddress())) {
                return true;
            }
            refuse();
            return false;
        }

        private boolean admits(final SetupFlyweight setup, final InetSocketAddress source) {
            if (!isKnown(source)) {
                return false;
            }
            if (!isListenedTo(setup.streamId())
                    || setup.termLength() > settings.termLength()
                    || setup.mtuLength() > DriverSettings.MTU_MAX
                    || images >= imagesMax) {
                refuse();
                return false;
            }
            return true;
        }

        private boolean isListenedTo(final int streamId) {
            for (final int known : streamIds) {
                if (known == streamId) {
                    return true;
                }
            }
            return false;
        }

        private void refuse() {
            refused = refused + 1;
        }
    }
}
