use std::io::Cursor;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use mixtape_media::image::{Encoding, Fit, Image, Limits, Size, decode};

const ENCODINGS: [Encoding; 3] = [Encoding::Webp, Encoding::Jpeg, Encoding::Png];

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Left half red, right half blue, upper rows lighter.
fn halves(width: u32, height: u32) -> DynamicImage {
    let color = |x, y| {
        let light = if y < height / 2 { 60 } else { 0 };
        if x < width / 2 { Rgb([190 + light, light, light]) } else { Rgb([light, light, 190 + light]) }
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, color))
}

fn taken(picture: &DynamicImage) -> Image {
    decode(&encoded(picture, ImageFormat::Png), &Limits::default()).unwrap()
}

/// The picture as the image crate sees it, over a lossless file.
fn seen(picture: &Image) -> DynamicImage {
    image::load_from_memory(&picture.encode(Encoding::Png, 1).unwrap()).unwrap()
}

fn refused(bytes: &[u8]) -> &'static str {
    let start = Instant::now();
    let error = decode(bytes, &Limits::default()).expect_err("it is refused");
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    assert!(error.detail.ends_with('.'), "{error}");
    error.code
}

#[test]
fn every_format_is_told_from_its_content() {
    let picture = halves(40, 30);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let found = decode(&encoded(&picture, format), &Limits::default()).unwrap();
        assert_eq!((found.width(), found.height()), (40, 30), "{format:?}");
        let pixel = seen(&found).into_rgb8().get_pixel(2, 28).0;
        assert!(pixel[0] > 150 && pixel[2] < 60, "{format:?}: {pixel:?}");
    }
    let deep = DynamicImage::ImageRgba16(picture.to_rgba16());
    assert_eq!(
        seen(&taken(&deep)).color(),
        image::ColorType::Rgb8,
        "an alpha channel that hides nothing goes"
    );
}

#[test]
fn what_is_encoded_is_of_that_kind_and_size() {
    let picture = taken(&halves(200, 100));
    for encoding in ENCODINGS {
        let low = picture.encode(encoding, 20).unwrap();
        let high = picture.encode(encoding, 95).unwrap();
        let kind = match encoding {
            Encoding::Webp => image::ImageFormat::WebP,
            Encoding::Jpeg => image::ImageFormat::Jpeg,
            Encoding::Png => image::ImageFormat::Png,
        };
        assert_eq!(image::guess_format(&high).unwrap(), kind);
        assert!(encoding == Encoding::Png || low.len() < high.len());
        let back = image::load_from_memory(&high).unwrap().into_rgb8();
        assert_eq!(back.dimensions(), (200, 100));
        let (red, blue) = (back.get_pixel(20, 80).0, back.get_pixel(180, 80).0);
        assert!(
            red[0] > 170 && red[2] < 30 && blue[2] > 170 && blue[0] < 30,
            "{encoding:?} {red:?} {blue:?}"
        );
    }
}

#[test]
fn transparency_is_kept_where_it_can_be_and_white_elsewhere() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0])));
    let picture = taken(&clear);
    for encoding in [Encoding::Webp, Encoding::Png] {
        let back = image::load_from_memory(&picture.encode(encoding, 80).unwrap()).unwrap();
        assert_eq!(back.to_rgba8().get_pixel(8, 8).0[3], 0, "{encoding:?}");
    }
    let jpeg = image::load_from_memory(&picture.encode(Encoding::Jpeg, 80).unwrap()).unwrap();
    assert_eq!(jpeg.to_rgb8().get_pixel(8, 8).0, [255, 255, 255]);
}

#[test]
fn a_picture_becomes_as_large_as_is_asked_but_no_larger() {
    let picture = taken(&halves(400, 200));
    for (width, height, fit, expected) in [
        (Some(100), None, Fit::Cover, (100, 50)),
        (None, Some(100), Fit::Contain, (200, 100)),
        (Some(100), Some(100), Fit::Contain, (100, 50)),
        (Some(100), Some(100), Fit::Cover, (100, 100)),
        (Some(300), Some(100), Fit::Cover, (300, 100)),
        (Some(1000), None, Fit::Contain, (400, 200)),
        (Some(1000), Some(1000), Fit::Contain, (400, 200)),
        (Some(1000), Some(1000), Fit::Cover, (200, 200)),
        (Some(1), Some(1), Fit::Cover, (1, 1)),
        (Some(0), None, Fit::Cover, (1, 1)),
        (None, None, Fit::Cover, (400, 200)),
    ] {
        let found = picture.render(Size { width, height, fit });
        assert_eq!((found.width(), found.height()), expected, "{width:?} {height:?} {fit:?}");
    }
    // The middle is kept: half of it red, half blue.
    let square =
        seen(&picture.render(Size { width: Some(50), height: Some(50), fit: Fit::Cover })).into_rgb8();
    assert!(square.get_pixel(5, 45).0[0] > 150 && square.get_pixel(45, 45).0[2] > 150);
    let sliver = taken(&halves(1000, 1)).render(Size { width: Some(10), height: None, fit: Fit::Contain });
    assert_eq!((sliver.width(), sliver.height()), (10, 1));
}

#[test]
fn a_mosaic_is_a_square_of_its_tiles() {
    let tile = |red, green, blue| {
        taken(&DynamicImage::ImageRgb8(RgbImage::from_pixel(60, 30, Rgb([red, green, blue]))))
    };
    let colors = [[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0]];
    let tiles: Vec<Image> = colors.iter().map(|[red, green, blue]| tile(*red, *green, *blue)).collect();
    for (count, expected) in [(1, [0, 0, 0, 0]), (2, [0, 1, 1, 0]), (3, [0, 1, 2, 0]), (4, [0, 1, 2, 3])] {
        for side in [99, 100] {
            let mosaic = Image::mosaic(&tiles[..count], side);
            assert_eq!((mosaic.width(), mosaic.height()), (side, side));
            let pixels = seen(&mosaic).into_rgb8();
            let corners = [(0, 0), (side - 1, 0), (0, side - 1), (side - 1, side - 1)];
            let found = corners.map(|(x, y)| pixels.get_pixel(x, y).0);
            assert_eq!(found, expected.map(|place| colors[place]), "{count} tiles");
        }
    }
    assert_eq!(Image::mosaic(&[], 10).width(), 10);
}

/// A JPEG with an EXIF block that says nothing but how it is turned.
fn turned(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let jpeg = encoded(&halves(64, 32), ImageFormat::Jpeg);
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1];
    bytes.extend((exif.len() as u16 + 2).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn a_picture_is_turned_upright() {
    // Where the upper left corner of the file, light red, ends up (EXIF 2.32, table 6).
    for (orientation, is_high, corner) in [
        (1, false, (0, 0)),
        (2, false, (63, 0)),
        (3, false, (63, 31)),
        (4, false, (0, 31)),
        (5, true, (0, 0)),
        (6, true, (31, 0)),
        (7, true, (31, 63)),
        (8, true, (0, 63)),
    ] {
        let picture = decode(&turned(orientation), &Limits::default()).unwrap();
        assert_eq!(picture.height() > picture.width(), is_high, "{orientation}");
        let pixel = seen(&picture).into_rgb8().get_pixel(corner.0, corner.1).0;
        assert!(pixel[0] > 220 && (40..100).contains(&pixel[2]), "{orientation}: {pixel:?}");
        for encoding in ENCODINGS {
            let bytes = picture.encode(encoding, 80).unwrap();
            assert!(!bytes.windows(4).any(|window| window == b"Exif"), "metadata is dropped");
        }
    }
}

/// A PNG whose header claims this size, with `chunks` behind it.
fn png(width: u32, height: u32, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    png_of(2, width, height, chunks)
}

/// The same with pixels of this kind: 2 is RGB, 3 is from a palette.
pub(crate) fn png_of(kind: u8, width: u32, height: u32, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([8, kind, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut all: Vec<(&[u8; 4], Vec<u8>)> = vec![(b"IHDR", header)];
    all.extend_from_slice(chunks);
    for (name, data) in all {
        bytes.extend((data.len() as u32).to_be_bytes());
        let body = [name.as_slice(), &data].concat();
        bytes.extend(&body);
        bytes.extend(crc32(&body).to_be_bytes());
    }
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn what_is_too_large_is_refused_before_it_is_decoded() {
    assert_eq!(refused(&png(30_000, 30_000, &[(b"IDAT", vec![0x78])])), "image_too_large");
    assert_eq!(refused(&png(15_000, 15_000, &[(b"IDAT", vec![0x78])])), "image_too_large");
    assert_eq!(refused(&png(u32::MAX, 1, &[(b"IDAT", vec![0x78])])), "image_too_large");
    let mut gif = b"GIF89a".to_vec();
    gif.extend([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0]);
    gif.extend(b"\x2C\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02\x44\x01\0\x3B");
    assert_eq!(refused(&gif), "image_too_large");
    let mut webp = b"RIFF\x20\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0".to_vec();
    webp.extend([0xFF, 0xFF, 0x3F, 0xFF, 0xFF, 0x3F]);
    webp.extend(b"VP8 \0\0\0\0");
    assert!(["image_too_large", "damaged_image"].contains(&refused(&webp)));
    let mut jpeg = encoded(&halves(16, 16), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    assert_eq!(refused(&jpeg), "image_too_large");
    assert_eq!(refused(&png(1, 1, &[(b"IDAT", vec![0; 11 << 20])])), "image_too_large");
    let tight = Limits { max_bytes: 100, ..Limits::default() };
    assert_eq!(decode(&[0xFF; 200], &tight).unwrap_err().code, "image_too_large");
}

/// Zeros, deflated: about a thousandth of their size.
fn deflated_zeros(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let side = 4000;
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    let rows = len.div_ceil(side * 3) as u32;
    encoder
        .write_image(&vec![0; side * 3 * rows as usize], side as u32, rows, image::ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

#[test]
fn a_bomb_does_not_go_off() {
    // The data of 12,000 rows in a picture of one, and a text of 48 MB in a few kilobytes.
    let large = deflated_zeros(48_000_000);
    let mut lying = large.clone();
    lying[20..24].copy_from_slice(&1_u32.to_be_bytes());
    let crc = crc32(&lying[12..29]);
    lying[29..33].copy_from_slice(&crc.to_be_bytes());
    let start = Instant::now();
    let _ = decode(&lying, &Limits::default());
    assert!(start.elapsed() < Duration::from_secs(1));
    let place = large.windows(4).position(|name| name == b"IDAT").unwrap();
    let text = [b"Comment\0\0".to_vec(), large[place + 4..].to_vec()].concat();
    let bytes = png(1, 1, &[(b"zTXt", text.clone()), (b"iCCP", text), (b"IDAT", vec![0x78])]);
    assert_eq!(refused(&bytes), "damaged_image");
}

#[test]
fn what_moves_is_refused() {
    let frame = b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    let still = [head.as_slice(), frame, b"\x3B"].concat();
    assert!(decode(&still, &Limits::default()).is_ok());
    let moving = [head.as_slice(), b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0", frame, frame, b"\x3B"].concat();
    assert_eq!(refused(&moving), "animated_image");

    let control = [0, 0, 0, 2, 0, 0, 0, 0].to_vec();
    assert_eq!(refused(&png(1, 1, &[(b"acTL", control), (b"IDAT", vec![0x78])])), "animated_image");

    let mut webp = b"RIFF\x32\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0".to_vec();
    webp.extend(b"\0\0\0\0\0\0ANIM\x06\0\0\0\0\0\0\0\0\0");
    assert_eq!(refused(&webp), "animated_image");
}

#[test]
fn what_is_cut_off_is_damaged() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = encoded(&halves(300, 300), format);
        for part in [whole.len() / 3, whole.len() / 2, whole.len() - 20] {
            assert_eq!(refused(&whole[..part]), "damaged_image", "{format:?} {part} of {}", whole.len());
        }
    }
}

#[test]
fn what_is_no_picture_is_refused_as_such() {
    for (bytes, code) in [
        (b"".as_slice(), "not_an_image"),
        (b"hello", "not_an_image"),
        (b"ID3\x03\0\0\0\0\0\0", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_image"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "unsupported_image"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "unsupported_image"),
        (b"II\x2A\0\x08\0\0\0", "unsupported_image"),
    ] {
        assert_eq!(refused(bytes), code, "{bytes:?}");
    }
}
