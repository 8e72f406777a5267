package io.quorate.kernels.simd;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses the primitives that the kernels run on: the vector unit at the CPU's preferred width, unless the system property
 * {@value #PROPERTY} says {@code scalar} or a width in bits. The choice moves speed only, never a bit of a result.
 */
public final class PrimitivesProvider {
    /** System property: {@code scalar}, 64, 128, 256 or 512. */
    public static final String PROPERTY = "quorate.kernels.bits";

    private static final String MODULE = "jdk.incubator.vector";
    private static final List<Integer> WIDTHS = List.of(64, 128, 256, 512);
    private static final Primitives SCALAR = new ScalarPrimitives();
    private static final Primitives[] BY_WIDTH = new Primitives[WIDTHS.size()];
    private static final SymmetricLoops SCALAR_LOOPS = new SymmetricLoops() {};
    private static final SymmetricLoops[] LOOPS_BY_WIDTH = new SymmetricLoops[WIDTHS.size()];

    private static final SmallSymmetricLoops[] SMALL_LOOPS_BY_WIDTH = new SmallSymmetricLoops[WIDTHS.size()];

    private static final RowScan SCALAR_SCAN = new RowScan() {};
    private static final RowScan[] SCAN_BY_WIDTH = new RowScan[WIDTHS.size()];

    private PrimitivesProvider() {}

    /**
     * The primitives that this process should use.
     *
     * @throws IllegalStateException if the JVM was started without the vector module; the message names the missing flag
     * @throws IllegalArgumentException if the property has a value that is not allowed
     */
    public static Primitives preferred() {
        final String chosen = System.getProperty(PROPERTY);
        if (chosen == null) {
            requireModule();
            return vector(VectorWidth.preferredBits());
        }
        if (chosen.equals("scalar")) {
            return SCALAR;
        }
        try {
            return vector(Integer.parseInt(chosen));
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException("-D" + PROPERTY + " is scalar, 64, 128, 256 or 512, given " + chosen, e);
        }
    }

    /** The definition: any CPU, no module needed, slow. */
    public static Primitives scalar() {
        return SCALAR;
    }

    /**
     * The vector primitives at a given width. A width that the CPU does not have still gives the same bits, emulated by the
     * Vector API and slow.
     *
     * @throws IllegalArgumentException if the width is not 64, 128, 256 or 512
     * @throws IllegalStateException as {@link #preferred()}
     */
    public static Primitives vector(final int bits) {
        final int index = WIDTHS.indexOf(bits);
        if (index < 0) {
            throw new IllegalArgumentException("a vector has 64, 128, 256 or 512 bits, given " + bits);
        }
        requireModule();
        synchronized (BY_WIDTH) {
            if (BY_WIDTH[index] == null) {
                BY_WIDTH[index] = ofWidth(bits);
            }
            return BY_WIDTH[index];
        }
    }

    /**
     * The vector width that this CPU prefers.
     *
     * @throws IllegalStateException as {@link #preferred()}
     */
    public static int preferredBits() {
        requireModule();
        return VectorWidth.preferredBits();
    }

    /** The loops of a scan over many rows, of the same kind and width as the given primitives. */
    public static RowScan rowScan(final Primitives primitives) {
        if (primitives == SCALAR) {
            return SCALAR_SCAN;
        }
        final int index = WIDTHS.indexOf(primitives.bits());
        synchronized (SCAN_BY_WIDTH) {
            if (SCAN_BY_WIDTH[index] == null) {
                SCAN_BY_WIDTH[index] = primitives.bits() == VectorWidth.preferredBits()
                        ? new VectorRowScan()
                        : (RowScan) twin(VectorRowScan.class, primitives.bits(), MethodType.methodType(void.class));
            }
            return SCAN_BY_WIDTH[index];
        }
    }

    /** The scalar definition and every width; for tests that compare them. */
    public static List<Primitives> all() {
        final List<Primitives> all = new ArrayList<>();
        all.add(SCALAR);
        WIDTHS.forEach(bits -> all.add(vector(bits)));
        return all;
    }

    /** The loops of symmetric self-attention at the width of the given primitives. */
    public static SymmetricLoops symmetricLoops(final Primitives primitives) {
        if (primitives == SCALAR) {
            return SCALAR_LOOPS;
        }
        final int index = WIDTHS.indexOf(primitives.bits());
        synchronized (LOOPS_BY_WIDTH) {
            if (LOOPS_BY_WIDTH[index] == null) {
                LOOPS_BY_WIDTH[index] = loopsOfWidth(primitives.bits());
            }
            return LOOPS_BY_WIDTH[index];
        }
    }

    /** The loops for four rows at the width of the given primitives; null where there are none: the scalar definition and 64 bits. */
    public static SmallSymmetricLoops smallSymmetricLoops(final Primitives primitives) {
        if (primitives == SCALAR || primitives.bits() < VectorSmallSymmetric.BITS_MIN) {
            return null;
        }
        final int bits = primitives.bits();
        final int index = WIDTHS.indexOf(bits);
        synchronized (SMALL_LOOPS_BY_WIDTH) {
            if (SMALL_LOOPS_BY_WIDTH[index] == null) {
                SMALL_LOOPS_BY_WIDTH[index] = bits == VectorWidth.preferredBits()
                        ? new VectorSmallSymmetric()
                        : (SmallSymmetricLoops) twin(VectorSmallSymmetric.class, bits);
            }
            return SMALL_LOOPS_BY_WIDTH[index];
        }
    }

    /** One sentence for the user about the choice: what runs, and what is lost if it is not the fast path. */
    public static String sentence(final Primitives primitives) {
        if (!hasFusedMultiplyAdd()) {
            return "kernels: this JVM runs without fused multiply-add (a CPU from before 2013, or -XX:-UseFMA), which makes"
                    + " every kernel thousands of times slower";
        }
        if (primitives == SCALAR) {
            return "kernels: scalar definition, for checking only and many times slower than the vector unit; remove -D"
                    + PROPERTY + "=scalar to use it";
        }
        final int preferredBits = VectorWidth.preferredBits();
        if (primitives.bits() != preferredBits) {
            return "kernels: " + primitives.bits() + "-bit vectors by -D" + PROPERTY + ", while this CPU prefers "
                    + preferredBits + " bits";
        }
        return "kernels: " + primitives.bits() + "-bit vectors";
    }

    /** False only if the JVM says so; another JVM than HotSpot does not. */
    private static boolean hasFusedMultiplyAdd() {
        try {
            final HotSpotDiagnosticMXBean hotSpot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return !hotSpot.getVMOption("UseFMA").getValue().equals("false");
        } catch (final RuntimeException e) {
            return true;
        }
    }

    private static void requireModule() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            throw new IllegalStateException(
                    "the kernels need the vector module of the JDK: start java with --add-modules=" + MODULE
                            + " (or with -D" + PROPERTY + "=scalar to run the slow scalar definition)");
        }
    }

    private static Primitives ofWidth(final int bits) {
        if (bits == VectorWidth.preferredBits()) {
            return new VectorPrimitives(new VectorLoops(
                    new VectorProduct(), new VectorPacking(), new VectorSoftmax(), new VectorRotation()));
        }
        final VectorLoops loops = new VectorLoops(
                (VectorLoops.Product) twin(VectorProduct.class, bits),
                (VectorLoops.Packing) twin(VectorPacking.class, bits),
                (VectorLoops.Softmax) twin(VectorSoftmax.class, bits),
                (VectorLoops.Rotation) twin(VectorRotation.class, bits));
        return (Primitives)
                twin(VectorPrimitives.class, bits, MethodType.methodType(void.class, VectorLoops.class), loops);
    }

    private static Object twin(final Class<?> template, final int bits) {
        return twin(template, bits, MethodType.methodType(void.class));
    }

    private static SymmetricLoops loopsOfWidth(final int bits) {
        if (bits == VectorWidth.preferredBits()) {
            return new VectorSymmetricLoops(new VectorSymmetricTiles(new VectorProduct()));
        }
        final Object product = twin(VectorProduct.class, bits);
        final Object tiles = twin(
                VectorSymmetricTiles.class,
                bits,
                MethodType.methodType(void.class, VectorLoops.Product.class),
                product);
        final MethodType ofTiles = MethodType.methodType(void.class, SymmetricLoops.class);
        return (SymmetricLoops) twin(VectorSymmetricLoops.class, bits, ofTiles, tiles);
    }

    /** An instance of the same class once more, with another width as its constant. */
    private static Object twin(
            final Class<?> template, final int bits, final MethodType constructor, final Object... arguments) {
        try (InputStream in = template.getResourceAsStream(template.getSimpleName() + ".class")) {
            final MethodHandles.Lookup hidden =
                    MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), bits, true);
            return hidden.findConstructor(hidden.lookupClass(), constructor).invokeWithArguments(arguments);
        } catch (final RuntimeException | Error e) {
            throw e;
        } catch (final Throwable e) {
            throw new IllegalStateException("no " + template.getSimpleName() + " of " + bits + " bits", e);
        }
    }
}
