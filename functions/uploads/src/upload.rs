//! Uploads.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use mixtape_domain::media::{NewUpload, UPLOAD_LIFE, Upload, UploadDraft, UploadStatus, part_size};
use mixtape_domain::{Timestamp, UploadId};
use mixtape_http::{
    App, Code, Created, Identity, Json, NoContent, Page, Paging, PagingParams, Path, Problem,
};
use mixtape_store::media::{Known, Opening, UploadRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::target::{Target, missing, must_be_told, target};

/// An upload, and where to send its file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadDetail {
    #[serde(flatten)]
    state: Upload,
    /// Null unless the file is still to be sent.
    #[schema(required = true)]
    upload: Option<Target>,
}

/// Announce a file
///
/// The answer says where to send it: straight to the object store, which takes exactly this file. Once it has arrived
/// it is looked at, and the upload becomes `ready`, with the track that it made or filled, or `rejected`. A file that
/// you have uploaded before answers 200 with its track, and need not be sent.
#[utoipa::path(
    post, path = "/v1/uploads", tag = "uploads", security(("bearer" = [])), request_body = NewUpload,
    responses(
        (status = 201, description = "Send the file", body = UploadDetail, headers(("location" = String))),
        (status = 200, description = "You have uploaded this file before", body = UploadDetail),
        (status = 403, description = "`forbidden`: the track belongs to somebody else"),
        (status = 409, description = "`storage_full` or `too_many_uploads`"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    identity: Identity,
    Json(new): Json<NewUpload>,
) -> Result<Response, Problem> {
    let limits = &app.settings.media;
    let draft = new.check(limits.max_file_bytes)?;
    check_track(&app, &identity, &draft).await?;
    let now = app.clock.now();
    let known = app.store.media.known_file(identity.account_id, draft.sha256).await?;
    if let Some(known) = known
        && draft.track_id.is_none_or(|id| id == known.track_id)
    {
        return Ok(
            JsonBody(UploadDetail { state: made_before(draft, &known, now), upload: None }).into_response()
        );
    }
    let record = UploadRecord::new(draft, identity.account_id, now, UPLOAD_LIFE);
    match app.store.media.open_upload(&record, limits.max_account_bytes).await? {
        Opening::Opened => {}
        Opening::Full => {
            let detail = "Delete tracks, or ask whoever runs this to allow more for each account.";
            return Err(Problem::new(Code::STORAGE_FULL, detail));
        }
        Opening::TooMany => {
            let detail = "Send the files that are announced, or give them up with DELETE /v1/uploads/{id}.";
            return Err(Problem::new(Code::TOO_MANY_UPLOADS, detail));
        }
    }
    let location = format!("/v1/uploads/{}", record.upload.id);
    let upload = target(&app, &record).await?;
    Ok(Created { location, body: UploadDetail { state: record.upload, upload } }.into_response())
}

async fn check_track(app: &App, identity: &Identity, draft: &UploadDraft) -> Result<(), Problem> {
    let Some(track_id) = draft.track_id else { return Ok(()) };
    match app.store.tracks.get(track_id).await? {
        None => Err(Problem::invalid_field("track_id", "names no track")),
        // Not even an admin: the sound counts as what its owner stores.
        Some(track) if track.owner_id != identity.account_id => {
            Err(Problem::new(Code::FORBIDDEN, "Only the owner of a track can upload its sound."))
        }
        Some(_) => Ok(()),
    }
}

/// The upload that brought the file, as far as it matters now.
fn made_before(draft: UploadDraft, known: &Known, now: Timestamp) -> Upload {
    Upload {
        id: UploadId::from_bytes(known.audio_id.to_bytes()),
        status: UploadStatus::Ready,
        filename: draft.filename,
        content_type: draft.content_type,
        size_bytes: draft.size_bytes,
        track_id: Some(known.track_id),
        code: None,
        detail: None,
        created_at: now,
        updated_at: now,
        expires_at: now,
    }
}

/// List my uploads
///
/// The latest first; what became of an upload can be read for a week.
#[utoipa::path(
    get, path = "/v1/uploads", tag = "uploads", security(("bearer" = [])), params(PagingParams),
    responses((status = 200, description = "A page of uploads", body = Page<Upload>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    identity: Identity,
    paging: Paging,
) -> Result<JsonBody<Page<Upload>>, Problem> {
    let scope = format!("uploads:{}", identity.account_id);
    let after = paging.after(&scope)?;
    let listed = app.store.media.uploads(identity.account_id, paging.limit(), after.as_deref()).await?;
    let uploads = listed.items.into_iter().map(|record| record.upload).collect();
    Ok(JsonBody(Page::new(uploads, listed.next.as_deref(), &scope)))
}

async fn find(app: &App, identity: &Identity, id: UploadId) -> Result<UploadRecord, Problem> {
    let record = app.store.media.upload(identity.account_id, id).await?;
    let is_there = |record: &UploadRecord| {
        let has_lapsed = record.upload.expires_at <= app.clock.now();
        !record.cancelled && !has_lapsed
    };
    record.filter(is_there).ok_or_else(Problem::not_found)
}

/// Read an upload
///
/// While its file is to be sent, `upload` holds new addresses; of a file in parts, those of the parts that are missing,
/// so an upload that broke off can be gone on with.
#[utoipa::path(
    get, path = "/v1/uploads/{id}", tag = "uploads", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The upload", body = UploadDetail))
)]
pub(crate) async fn get(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<UploadId>,
) -> Result<JsonBody<UploadDetail>, Problem> {
    let record = find(&app, &identity, id).await?;
    let upload = match record.upload.status {
        UploadStatus::Waiting => target(&app, &record).await?,
        _ => None,
    };
    Ok(JsonBody(UploadDetail { state: record.upload, upload }))
}

/// Give an upload up
///
/// The file is forgotten, and so is the upload. A track that it has made already stays.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "uploads", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 204, description = "It was given up"))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<UploadId>,
) -> Result<NoContent, Problem> {
    let record = find(&app, &identity, id).await?;
    let media = &app.store.media;
    let now = app.clock.now();
    let is_cancelled = match record.clone().open() {
        Some(open) => media.cancel_upload(&open, now).await?,
        None => false,
    };
    if is_cancelled {
        media.discard_file(&record).await?;
    } else {
        // Something has become of it, perhaps just now.
        media.forget_upload(&record, now).await?;
    }
    Ok(NoContent)
}

/// Say that the file was sent
///
/// Asked for by `complete_url`: of a file in parts once all have arrived, and of any file where the object store does not
/// tell of it by itself. Can be repeated.
#[utoipa::path(
    post, path = "/v1/uploads/{id}/complete", tag = "uploads", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "The upload, whose file is looked at now", body = UploadDetail),
        (
            status = 409,
            description = "`parts_missing`, or `upload_ended`: it was rejected, or there was no `complete_url`"
        ),
    )
)]
pub(crate) async fn complete(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<UploadId>,
) -> Result<JsonBody<UploadDetail>, Problem> {
    let record = find(&app, &identity, id).await?;
    if record.multipart_id.is_none() && !must_be_told(&app) {
        let detail = "This file is sent as a whole, after which there is nothing to say.";
        return Err(Problem::new(Code::UPLOAD_ENDED, detail));
    }
    match record.upload.status {
        UploadStatus::Waiting => {
            join_parts(&app, &record).await?;
            if must_be_told(&app) {
                app.store.media.say_sent(&record, app.clock.now()).await?;
            }
        }
        UploadStatus::Processing | UploadStatus::Ready => {}
        UploadStatus::Rejected => {
            return Err(Problem::new(Code::UPLOAD_ENDED, "The file was rejected; the upload says why."));
        }
    }
    Ok(JsonBody(UploadDetail { state: record.upload, upload: None }))
}

/// Makes one object of the parts, unless that was done before or there are none.
async fn join_parts(app: &App, record: &UploadRecord) -> Result<(), Problem> {
    let size = record.upload.size_bytes;
    let (Some(part_size), Some(multipart_id)) = (part_size(size), &record.multipart_id) else {
        return Ok(());
    };
    let key = record.object_key();
    let Some(parts) = app.store.objects.parts(&key, multipart_id).await? else { return Ok(()) };
    let missing = missing(size, part_size, &parts);
    if let Some((first, _)) = missing.first() {
        let detail = format!(
            "{} parts are missing, the first is number {first}. GET /v1/uploads/{} says where to send them.",
            missing.len(),
            record.upload.id
        );
        return Err(Problem::new(Code::PARTS_MISSING, detail));
    }
    app.store.objects.complete_multipart(&key, multipart_id, &parts).await?;
    Ok(())
}
