//! Pictures in the bucket: how one gets there with its usual sizes, and how another form of it is made when somebody
//! asks.
//!
//! What was uploaded is not kept. A master without metadata, no larger than any form that can be asked for, takes its
//! place.

use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::media::{CoverSize, Fit, ImageFormat, Rendition, SIDES, Sha256Hex};
use mixtape_domain::{AccountId, ImageId, Timestamp};
use mixtape_media::image::{self, Encoding, Image, ImageError, Limits, Size};
use mixtape_store::media::{master_key, mosaic_key, rendition_key};
use mixtape_store::{Presentation, Store, StoreError};
use sha2::{Digest, Sha256};

/// Pictures with more pixels are refused: decoded, one takes four bytes a pixel.
const MAX_PIXELS: u64 = 25_000_000;
/// The quality of a master, above that of every form.
const MASTER_QUALITY: u8 = 92;
/// Objects that are written at once.
const AT_ONCE: usize = 4;
/// What is stored under an id never changes.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Why a picture was not kept or made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It cannot be used; the message is for whoever sent it.
    #[error("{}", .0.detail)]
    Bad(ImageError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a picture of an account, with three sizes as WebP and JPEG. The same file is kept once. Two reads for one that
/// is known, otherwise two writes and seven objects.
///
/// # Errors
/// It is no picture that can be used, or a store is away.
pub async fn keep(
    store: &Store,
    owner: AccountId,
    bytes: Vec<u8>,
    now: Timestamp,
) -> Result<ImageId, PictureError> {
    let sha256 = Sha256Hex(Sha256::digest(&bytes).into());
    if let Some(known) = store.media.known_image(owner, sha256).await? {
        return Ok(known);
    }
    let forms = compute(move || all_forms(&bytes)).await?;
    let id = store.media.new_image(owner, sha256, now).await?;
    let writes = forms.into_iter().map(|(form, bytes)| {
        let (key, content_type) = match &form {
            None => (master_key(id), ImageFormat::Webp.content_type()),
            Some(rendition) => (rendition_key(id, rendition), rendition.format.content_type()),
        };
        async move { store.objects.put_presented(&key, bytes, &presentation(content_type)).await }
    });
    stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    store.media.image_is_complete(owner, sha256, id).await?;
    Ok(id)
}

type Forms = Vec<(Option<Rendition>, Vec<u8>)>;

fn all_forms(bytes: &[u8]) -> Result<Forms, ImageError> {
    let largest = SIDES[SIDES.len() - 1];
    let contained = |side: u32| Size { width: Some(side), height: Some(side), fit: image::Fit::Contain };
    let master = decode(bytes)?.render(contained(largest));
    let mut forms = vec![(None, master.encode(Encoding::Webp, MASTER_QUALITY)?)];
    for size in CoverSize::ALL {
        let picture = master.render(contained(size.side()));
        for format in [ImageFormat::Webp, ImageFormat::Jpeg] {
            let rendition = Rendition::of_cover(size, format);
            let encoded = picture.encode(encoding(format), rendition.quality)?;
            forms.push((Some(rendition), encoded));
        }
    }
    Ok(forms)
}

/// A form of a picture: read where it was made before, otherwise made and kept. `None` when there is no such picture.
///
/// # Errors
/// A store is away.
pub async fn rendition(
    store: &Store,
    id: ImageId,
    rendition: Rendition,
) -> Result<Option<Vec<u8>>, PictureError> {
    let key = rendition_key(id, &rendition);
    if let Some(found) = store.objects.get(&key).await? {
        return Ok(Some(found.bytes));
    }
    let Some(master) = store.objects.get(&master_key(id)).await? else { return Ok(None) };
    // Its objects may only be waiting to be deleted, and then nothing is to be added to them.
    if store.media.image(id).await?.is_none() {
        return Ok(None);
    }
    let bytes = compute(move || encode(&decode(&master.bytes)?, &rendition)).await?;
    let presentation = presentation(rendition.format.content_type());
    store.objects.put_presented(&key, bytes.clone(), &presentation).await?;
    Ok(Some(bytes))
}

/// One picture made of up to four others: read where it was made before, otherwise made and kept. `None` when none of
/// them is there.
///
/// # Errors
/// A store is away.
pub async fn mosaic(
    store: &Store,
    tiles: &[ImageId],
    rendition: Rendition,
) -> Result<Option<Vec<u8>>, PictureError> {
    let key = mosaic_key(tiles, &rendition);
    if let Some(found) = store.objects.get(&key).await? {
        return Ok(Some(found.bytes));
    }
    let mut masters = Vec::new();
    for tile in tiles {
        if let Some(master) = store.objects.get(&master_key(*tile)).await? {
            masters.push(master.bytes);
        }
    }
    if masters.is_empty() {
        return Ok(None);
    }
    let side = rendition.width.unwrap_or(SIDES[SIDES.len() - 1]);
    let bytes = compute(move || {
        let tiles: Vec<Image> = masters.iter().map(|bytes| decode(bytes)).collect::<Result<_, _>>()?;
        Image::mosaic(&tiles, side).encode(encoding(rendition.format), rendition.quality)
    });
    let bytes = bytes.await?;
    let presentation = presentation(rendition.format.content_type());
    store.objects.put_presented(&key, bytes.clone(), &presentation).await?;
    Ok(Some(bytes))
}

fn encode(picture: &Image, rendition: &Rendition) -> Result<Vec<u8>, ImageError> {
    let fit = match rendition.fit {
        Fit::Contain => image::Fit::Contain,
        Fit::Cover => image::Fit::Cover,
    };
    let size = Size { width: rendition.width, height: rendition.height, fit };
    picture.render(size).encode(encoding(rendition.format), rendition.quality)
}

fn encoding(format: ImageFormat) -> Encoding {
    match format {
        ImageFormat::Webp => Encoding::Webp,
        ImageFormat::Jpeg => Encoding::Jpeg,
        ImageFormat::Png => Encoding::Png,
    }
}

fn decode(bytes: &[u8]) -> Result<Image, ImageError> {
    image::decode(bytes, &Limits { max_pixels: MAX_PIXELS, ..Limits::default() })
}

fn presentation(content_type: &str) -> Presentation {
    Presentation {
        content_type: content_type.to_owned(),
        content_disposition: None,
        cache_control: Some(IMMUTABLE.to_owned()),
    }
}

/// Computes on a thread on which nobody waits for an answer.
async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, PictureError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(PictureError::Bad),
        // A panic of a decoder on what somebody sent.
        Err(_) => Err(PictureError::Bad(ImageError {
            code: "damaged_image",
            detail: "The picture is damaged.".to_owned(),
        })),
    }
}
